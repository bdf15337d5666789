// Many of one kind that came together, as one.
import Decimal from 'decimal.js'
import { change } from './money'
import type { Told } from './topics'

const words: Record<Told, [one: string, many: string]> = {
  fills: ['fill', 'fills'],
  refusals: ['refusal', 'refusals'],
  approvals: ['for approval', 'for approval'],
  switch: ['of the switch', 'of the switch'],
  limits: ['limit', 'limits'],
  credentials: ['of API keys', 'of API keys'],
  stream: ['of updates', 'of updates'],
  positions: ['of positions', 'of positions'],
  account: ['setting', 'settings'],
}

/** 34 fills. */
export const counted = (topic: Told | undefined, count: number) =>
  `${count} ${topic ? words[topic][count === 1 ? 0 : 1] : count === 1 ? 'other' : 'others'}`

export interface One {
  account: string
  topic: Told
  /** The agent whose order it is of. */
  agent: string | null
  at: number // ms
  net?: string
}

export interface Together<T extends One> {
  newest: T
  all: T[] // the newest first
}

const near = 5 * 60_000 // ms between two that came together
const few = 3 // so many stand better by themselves

/** Puts together what came within minutes, of one account, topic and agent. Takes and returns the
 * newest first, by the newest of each. */
export function together<T extends One>(list: T[]): Together<T>[] {
  const groups: Together<T>[] = []
  const open = new Map<string, Together<T>>()
  for (const one of list) {
    const key = JSON.stringify([one.account, one.topic, one.agent])
    const group = open.get(key)
    if (group && group.all.at(-1)!.at - one.at <= near) {
      group.all.push(one)
      continue
    }
    const made = { newest: one, all: [one] }
    open.set(key, made)
    groups.push(made)
  }
  return groups
    .flatMap((g) => (g.all.length < few ? g.all.map((one) => ({ newest: one, all: [one] })) : [g]))
    .sort((a, b) => b.newest.at - a.newest.at)
}

/** 34 fills · mean-reversion · net −1,204.00 */
export function groupWords({ newest, all }: Together<One>): string {
  const net = all.reduce((sum, one) => sum.plus(one.net ?? 0), new Decimal(0))
  return [
    counted(newest.topic, all.length),
    newest.agent,
    newest.topic === 'fills' && all.some((one) => one.net) ? `net ${change(net.toFixed())}` : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

// What waits for a person's word, in words. What stands in a request comes from who asks, an
// agent even: it is only ever shown as text.
import Decimal from 'decimal.js'
import { amountFields, countFields, switchNames } from './guards'
import { dollars, price, quantity } from './money'
import { line } from './orders'
import type { Account, Approval, Guards, Job, Order, SwitchState } from './types'
import { moment } from './time'

/** Whether it is the job of an order that waits, and not the order itself. */
export const isJob = (answer: Order | Job): answer is Job => 'accepted_at' in answer

/** Whether anything can still be said of it. What is approved waits, too, until it is sent or
 * made: a refusal still ends it. */
export const waits = (a: Approval) => a.state === 'pending' || a.state === 'approved'

/** An approval goes one way: whether the first of two descriptions is the later one. */
export function isLater(a: Approval, than: Approval): boolean {
  const rank = (x: Approval) => (x.state === 'pending' ? 0 : x.state === 'approved' ? 1 : 2)
  return rank(a) > rank(than) || (rank(a) === rank(than) && a.words.length > than.words.length)
}

/** Puts approvals in the order of the API, the newest first. */
export const newestFirst = (a: Approval, b: Approval) =>
  a.proposed_at === b.proposed_at ? (a.id < b.id ? 1 : -1) : a.proposed_at < b.proposed_at ? 1 : -1

type Request = Record<string, unknown>

/** A field of a request as text; '' where there is none. */
function field(r: Request, name: string): string {
  const value = r[name]
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
const part = (r: Request, name: string): Request | null => {
  const value = r[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Request) : null
}

/** An amount as people read it, or the text as it is where it is none. */
function amount(text: string, how: (text: string) => string): string {
  return /^-?\d+(\.\d+)?$/.test(text) ? how(text) : text
}
const priced = (r: Request, name: string) => amount(field(r, name), (text) => price(text, 9))
const spaced = (text: string) => text.replaceAll('_', ' ')

/** An order in one line, as it was asked for. */
function orderLine(r: Request): string {
  const type = field(r, 'type')
  const legs = Array.isArray(r.legs) ? (r.legs as Request[]) : []
  const trail = field(r, 'trail_percent')
    ? `${amount(field(r, 'trail_percent'), quantity)} %`
    : priced(r, 'trail_price')
  const limit = field(r, 'limit_price') && priced(r, 'limit_price')
  const size = field(r, 'qty')
    ? amount(field(r, 'qty'), quantity)
    : field(r, 'notional') && `${amount(field(r, 'notional'), dollars)} of`
  return [
    field(r, 'side'),
    size,
    field(r, 'symbol'),
    legs.length &&
      `(${legs.map((l) => [field(l, 'side'), field(l, 'ratio_qty'), field(l, 'symbol')].filter(Boolean).join(' ')).join(', ')})`,
    spaced(type),
    field(r, 'trail_percent') || field(r, 'trail_price') ? `by ${trail}` : '',
    field(r, 'stop_price') && `${type === 'stop' || type === 'stop_limit' ? '' : 'stop '}${priced(r, 'stop_price')}`,
    limit && (type === 'stop_limit' ? `→ ${limit}` : type === 'limit' ? limit : `limit ${limit}`),
  ]
    .filter(Boolean)
    .join(' ')
}

/** What else an order says of itself. */
function orderDetails(r: Request): string[] {
  const take = part(r, 'take_profit')
  const stop = part(r, 'stop_loss')
  return [
    field(r, 'time_in_force') && `in force: ${field(r, 'time_in_force')}`,
    field(r, 'extended_hours') === 'true' ? 'outside regular hours too' : '',
    take ? `take profit at ${priced(take, 'limit_price')}` : '',
    stop
      ? `stop loss at ${priced(stop, 'stop_price')}${field(stop, 'limit_price') && ` → ${priced(stop, 'limit_price')}`}`
      : '',
    field(r, 'order_class') && field(r, 'order_class') !== 'simple' ? field(r, 'order_class') : '',
    field(r, 'position_intent') && spaced(field(r, 'position_intent')),
    part(r, 'advanced_instructions') ? `instructions: ${JSON.stringify(r.advanced_instructions)}` : '',
    field(r, 'orchestrator_agent_id') && `agent: ${field(r, 'orchestrator_agent_id')}`,
    field(r, 'tag') && `tag: ${field(r, 'tag')}`,
  ].filter((text): text is string => Boolean(text))
}

const replaced = {
  qty: 'quantity',
  notional: 'dollars',
  limit_price: 'limit',
  stop_price: 'stop',
  trail: 'trail',
  time_in_force: 'in force',
}

/** What is known beside an approval, and makes its words better. */
export interface Known {
  orders?: Order[]
  guards?: Guards | null
}

/** A user of an approval in words. */
export const person = (a: Approval, id: string): string => a.names[id] ?? `user ${id}`

/** What is asked, in one line. */
export function title(a: Approval, { orders = [] }: Known = {}): string {
  const r = a.request as Request
  const sleeve = (name: string) => a.names[field(r, name)] ?? field(r, name)
  switch (a.kind) {
    case 'order': {
      if (!field(r, 'replaces')) return orderLine(r)
      const old = orders.find((o) => o.id === field(r, 'replaces'))
      const to = Object.entries(replaced)
        .filter(([name]) => field(r, name))
        .map(
          ([name, word]) => `${word} ${name === 'time_in_force' ? field(r, name) : amount(field(r, name), quantity)}`,
        )
      const symbols = Object.keys(a.prices ?? {}).join(', ')
      return `Replace ${old ? line(old) : `order ${field(r, 'replaces')}${symbols && ` in ${symbols}`}`} by ${to.join(', ') || 'the same'}`
    }
    case 'guards':
      return r.reset ? 'Let the drawdown begin anew, at the equity of now' : 'Change the limits'
    case 'switch':
      return (
        `Turn the switch to “${switchNames[field(r, 'switch') as SwitchState]?.name ?? field(r, 'switch')}”` +
        (r.suspend_trade === false ? ', and lift Alpaca’s own switch' : '')
      )
    case 'sleeve':
      return `Change the sleeve ${sleeve('sleeve_id')}`
    case 'cash':
      return `Move ${amount(field(r, 'amount'), dollars)} ${field(r, 'from_sleeve_id') ? `from the sleeve ${sleeve('from_sleeve_id')} ` : ''}into the sleeve ${sleeve('to_sleeve_id')}`
    case 'grant': {
      const end = field(r, 'expires_at') ? ` until ${moment(field(r, 'expires_at'))}` : ''
      if (r.transfer) return `Hand the account over to ${person(a, field(r, 'user_id'))}`
      if (r.invitation) return `Invite ${field(r, 'email') || 'whoever has the link'} as ${field(r, 'role')}${end}`
      return `Make ${field(r, 'email') || person(a, field(r, 'user_id'))} ${field(r, 'role')}${end}`
    }
    case 'credentials':
      return `Store API keys that end in …${field(r, 'key_last4')}`
  }
}

const guardFields: Record<string, string> = {
  ...amountFields,
  ...countFields,
  allowed_symbols: 'Symbols',
  allowed_sides: 'Sides',
  buy_back_overshoot: 'Trade back what a closing trades too much',
  approval_above: 'Orders wait for approval above, $',
  approvals_needed: 'Approvals needed',
  approval_seconds: 'Seconds that an approval waits',
  four_eyes: 'Four eyes',
}
/** What a limit that is left out comes to. */
const unset: Record<string, unknown> = {
  buy_back_overshoot: false,
  four_eyes: false,
  approvals_needed: 1,
  approval_seconds: 3600,
}

function limitWords(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (Array.isArray(value)) return value.join(', ') || 'none may be opened'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'string' || typeof value === 'number'
    ? amount(String(value), quantity)
    : JSON.stringify(value)
}

/** What is asked, further: each limit that would change, what else an order has. */
export function details(a: Approval, { guards }: Known = {}): string[] {
  const r = a.request as Request
  if (a.kind === 'order') return orderDetails(r)
  if (a.kind === 'guards' && !r.reset) {
    return Object.entries(guardFields).flatMap(([name, words]) => {
      const to = limitWords(r[name] ?? unset[name])
      if (!guards) return r[name] == null ? [] : [`${words}: ${to}`]
      const from = limitWords(guards[name as keyof Guards])
      return from === to ? [] : [`${words}: ${from} → ${to}`]
    })
  }
  if (a.kind === 'sleeve')
    return Object.entries(r)
      .filter(([name]) => name !== 'sleeve_id')
      .map(([name, value]) => `${spaced(name)}: ${limitWords(value)}`)
  if (a.kind === 'cash' && field(r, 'note')) return [`note: “${field(r, 'note')}”`]
  if (a.kind === 'credentials')
    return [
      field(r, 'kind') && `kind: ${spaced(field(r, 'kind'))}`,
      field(r, 'alpaca_account_id') && `Alpaca’s account: ${field(r, 'alpaca_account_id')}`,
    ].filter((text): text is string => Boolean(text))
  return []
}

/** Who asks. tokens are the names of the user's own API tokens. */
export function asker(a: Approval, me: string | undefined, tokens: Map<string, string>): string {
  const mine = a.proposed_by === me
  if (!a.token_id) return mine ? 'you' : person(a, a.proposed_by)
  const name = tokens.get(a.token_id)
  return `${mine ? 'your API token' : `an API token of ${person(a, a.proposed_by)}`}${name ? ` “${name}”` : ''}`
}

/** What became of it. */
export const stateWords: Record<Approval['state'], string> = {
  pending: 'waits',
  approved: 'approved, not used yet',
  used: 'approved and done',
  refused: 'refused',
  expired: 'expired',
  withdrawn: 'withdrawn',
  void: 'void: it, its price or who stands by it had changed',
  failed: 'approved, and refused when it was sent',
}

/** Why the user may not approve what waits, in a sentence; '' where they may. */
export function hindrance(
  a: Approval,
  me: string | undefined,
  account: Pick<Account, 'role' | 'is_active'> | null,
): string {
  if (a.proposed_by === me && !a.token_id) return 'You ask for it: another person must approve it.'
  if (a.proposed_by === me && a.four_eyes)
    return 'An API token of yours asks for it, and this account has four eyes: another person must approve it.'
  if (account?.role === 'owner' && !account.is_active)
    return 'Trading is paused on this account: its owners approve nothing until it is resumed under Accounts.'
  if (account?.role !== 'owner' && account?.role !== 'approver')
    return 'Your role on this account lets you look, and not approve.'
  if (a.state === 'approved') return ''
  if (a.words.some((w) => w.user_id === me && w.word === 'approve')) return 'You have approved it.'
  return ''
}

/** Whether it waits for a word of this user's. */
export const waitsFor = (a: Approval, me: string | undefined, account: Pick<Account, 'role' | 'is_active'>) =>
  a.state === 'pending' && hindrance(a, me, account) === ''

/** How long is left, such as 2 d 3 h, 59 min or 42 s; '' when it is over. */
export function left(until: string, now: number): string {
  const seconds = Math.ceil((new Date(until).getTime() - now) / 1000)
  if (!(seconds > 0)) return ''
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60]
  if (d) return `${d} d ${h} h`
  if (h) return `${h} h ${m} min`
  return m >= 2 ? `${m} min` : `${seconds} s`
}

/** How long ago something was, such as 12 s or 3 min. */
export function age(then: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - then) / 1000))
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`
}

/** By how many percent a price has moved, to two decimals; null where that is not known. */
export function move(then: string | undefined, now: string | undefined): string | null {
  if (!then || !now || new Decimal(then).isZero()) return null
  return new Decimal(now).minus(then).div(then).times(100).toDecimalPlaces(2).toFixed()
}

/** What an order is worth, and where that is too much to go by itself. */
export const worthWords = (need: { worth: string; above: string }) =>
  `worth ${dollars(need.worth)}, above ${dollars(need.above)}`

/** Something that begins to wait, as a notice. */
export function waitsNotice(a: Approval, account: Pick<Account, 'name' | 'environment'>) {
  return {
    severity: account.environment === 'live' ? ('warn' as const) : ('info' as const),
    summary: 'Waits for your approval',
    detail: [title(a), a.worth && `worth ${dollars(a.worth)}`, `${account.name} (${account.environment})`]
      .filter(Boolean)
      .join(' · '),
  }
}

/** What became of something that one asked for, as a notice; null where another event tells. */
export function outcomeNotice(a: Approval, account: Pick<Account, 'name' | 'environment'>) {
  const detail = `${title(a)} · ${account.name} (${account.environment})`
  if (a.state === 'approved' && a.kind !== 'order')
    return { severity: 'info' as const, summary: 'Approved: make the same change again', detail }
  if (['refused', 'expired', 'void', 'failed'].includes(a.state))
    return { severity: 'warn' as const, summary: `Not done: ${stateWords[a.state]}`, detail }
  return null
}

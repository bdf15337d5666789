// The form of a block order: what is asked for, what is wrong with it, and what became of its parts.
import { dollars, quantity } from '../money'
import { amountHint, readAmount, readPercent } from '../typed'
import type { BlockOrder, BlockOrderRequest } from '../types'

export type Method = BlockOrderRequest['allocation']['method']

export const methods: Record<Method, string> = {
  equal: 'alike',
  ratio: 'by a weight for each',
  net_liquidation: 'by the accounts’ equity',
  percent: 'a percentage of each account’s equity',
}

export interface BlockForm {
  symbol: string
  side: 'buy' | 'sell'
  type: 'market' | 'limit'
  limit: string
  force: 'day' | 'gtc'
  by: 'qty' | 'notional'
  total: string
  method: Method
  fractions: boolean
  accounts: string[] // in the order in which they were ticked
  weights: Record<string, string>
}

export const emptyBlock = (): BlockForm => ({
  symbol: '',
  side: 'buy',
  type: 'market',
  limit: '',
  force: 'day',
  by: 'qty',
  total: '',
  method: 'equal',
  fractions: false,
  accounts: [],
  weights: {},
})

const weighed = (m: Method) => m === 'ratio' || m === 'percent'

/** What is wrong with the form, in a sentence; '' for nothing. */
export function wrongBlock(f: BlockForm, nameOf: (id: string) => string): string {
  if (!f.symbol.trim()) return 'Name a symbol.'
  if (!f.accounts.length) return 'Tick the accounts among which it is divided.'
  if (f.type === 'limit' && readAmount(f.limit) === null) return f.limit ? amountHint(f.limit) : 'Give the limit.'
  if (f.method !== 'percent' && readAmount(f.total) === null) return f.total ? amountHint(f.total) : 'Give the total.'
  if (!weighed(f.method)) return ''
  for (const id of f.accounts) {
    const text = f.weights[id] ?? ''
    const value = f.method === 'percent' ? readPercent(text) : readAmount(text)
    if (value === null) return text ? `${nameOf(id)}: ${amountHint(text)}` : `Give the weight of ${nameOf(id)}.`
  }
  return ''
}

/** What is sent. Nothing of the form is wrong. */
export function blockRequest(f: BlockForm): BlockOrderRequest {
  const weight = (id: string) => {
    if (f.method === 'ratio') return { ratio: readAmount(f.weights[id]!)! }
    return f.method === 'percent' ? { percent: readPercent(f.weights[id]!)! } : {}
  }
  return {
    order: {
      symbol: f.symbol.trim().toUpperCase(),
      side: f.side,
      type: f.type,
      time_in_force: f.force,
      ...(f.type === 'limit' && { limit_price: readAmount(f.limit)! }),
      ...(f.method !== 'percent' && { [f.by]: readAmount(f.total)! }),
    } as BlockOrderRequest['order'],
    allocation: { method: f.method, ...(f.fractions && { fractions: true }) },
    accounts: f.accounts.map((account_id) => ({ account_id, ...weight(account_id) })),
  }
}

type Part = BlockOrder['parts'][number]

/** The size of a part. */
export const partSize = (p: Pick<Part, 'qty' | 'notional'>) =>
  p.qty !== null ? quantity(p.qty) : p.notional !== null ? dollars(p.notional) : '–'

/** What became of a part. */
export function partWords(
  p: Part,
  explainRefusal: (code: string) => string,
): { words: string; bad?: boolean; good?: boolean } {
  const refusal = p.refusal as { code?: string; message?: string } | null
  switch (p.state) {
    case 'none':
      return { words: 'nothing: its part is 0' }
    case 'waiting':
    case 'running':
      return { words: 'being sent' }
    case 'pending_approval':
      return { words: 'waits for approval' }
    case 'canceled':
      return { words: 'canceled before it was sent' }
    case 'failed':
      return { words: `not sent: ${refusal?.message ?? explainRefusal(refusal?.code ?? '')}`, bad: true }
    case 'done':
      return { words: (p.order?.status ?? 'sent').replaceAll('_', ' '), good: p.order?.status === 'filled' }
  }
}

// The form that makes an API token: what it begins with, what is wrong with it, and what is sent.
import { fromForm, toForm, wrong, type LimitsForm } from '../limits'
import type { Account, Limits, Scope, Token, TokenLimits, TokenRequest } from '../types'

export interface TokenForm {
  name: string
  accounts: string[]
  scopes: Scope[]
  paperOnly: boolean
  sleeve: string // of the account that is shown; '' for any
  life: keyof typeof lives | '' // '' for as long as its parent
  limits: LimitsForm
}

/** How long a token may last, in days; the server takes 366 at most. */
export const lives = { 'a day': 1, 'a week': 7, '30 days': 30, '90 days': 90, 'a year': 365 } as const

const all: Scope[] = ['read', 'trade', 'cancel', 'log']
const day = 86_400_000 // ms

/** The scopes that can be given: of a narrower token those of its parent. */
export const scopesOf = (parent?: Token) => all.filter((s) => !parent || parent.scopes.includes(s))

const noLimits: Limits = {
  max_order_notional: null,
  max_position_notional: null,
  max_position_qty: null,
  daily_loss_limit: null,
  max_open_orders: null,
  orders_per_minute: null,
  orders_per_day: null,
  max_drawdown: null,
  max_refusals: null,
  heartbeat_seconds: null,
  allowed_symbols: null,
  allowed_sides: null,
  buy_back_overshoot: false,
  approval_above: null,
  approvals_needed: null,
  approval_seconds: null,
  four_eyes: false,
}

export const emptyForm = (account: string, parent?: Token): TokenForm => ({
  name: '',
  accounts: [account],
  scopes: scopesOf(parent).filter((s) => s !== 'trade'),
  paperOnly: parent?.paper_only ?? true,
  sleeve: '',
  life: parent ? '' : '30 days',
  limits: toForm(noLimits),
})

/** What is wrong with the form, in a sentence; '' for nothing. live are the live accounts that are ticked. */
export function mistakeIn(f: TokenForm, live: Account[]): string {
  if (!f.accounts.length) return 'Tick an account: a token reaches those that are named, and no other.'
  if (f.paperOnly && live[0])
    return `“${live[0].name}” trades real money, and the token is for paper accounts alone: untick one of the two.`
  return wrong(f.limits)
}

/** What is sent. Nothing of the form is wrong. */
export function requestOf(f: TokenForm, parent?: Token, now = Date.now()): TokenRequest {
  return {
    name: f.name.trim(),
    accounts: f.accounts,
    scopes: f.scopes,
    paper_only: f.paperOnly,
    limits: tokenLimits(f.limits),
    ...(f.sleeve && { sleeves: [f.sleeve] }),
    ...(f.life && { expires_at: endOf(f.life, parent, now) }),
    ...(parent && { parent_id: parent.id }),
  }
}

/** The end of a life, and of a narrower token none after its parent's. */
function endOf(life: keyof typeof lives, parent: Token | undefined, now: number): string {
  const end = new Date(now + lives[life] * day)
  return parent && new Date(parent.expires_at) < end ? parent.expires_at : end.toISOString()
}

/** Of the limits of an account those that a token can have. */
function tokenLimits(form: LimitsForm): TokenLimits {
  const limits: Record<string, unknown> = { ...fromForm(form) }
  for (const own of ['buy_back_overshoot', 'approvals_needed', 'approval_seconds', 'four_eyes']) delete limits[own]
  return limits as TokenLimits
}

// API tokens, and what agents do with them, in words.
import { amountFields, countFields } from '../guards'
import { count, dollars, quantity } from '../money'
import { ageWords } from '../composables/useAge'
import { dayAndTime } from '../time'
import type { Account, Budget, Level, Scope, Token, TokenLimits } from '../types'

export const scopeWords: Record<Scope, { name: string; what: string }> = {
  read: { name: 'read', what: 'sees all of the accounts but their keys' },
  trade: { name: 'trade', what: 'orders, replaces and cancels' },
  cancel: { name: 'cancel', what: 'cancels, and turns the switch to let less through' },
  log: { name: 'log', what: 'writes what it thinks into the agents’ log' },
}

/** What a token may do, in a line; what another scope has in it is not said twice. */
export function mayWords(t: Pick<Token, 'scopes' | 'paper_only'>): string {
  const said = t.scopes.filter((s) => s !== 'read' && !(s === 'cancel' && t.scopes.includes('trade')))
  const words = ['read', ...said.map((s) => scopeWords[s].name)].join(', ')
  return t.paper_only ? `${words}; paper only` : words
}

export interface Branch {
  token: Token
  children: Branch[]
}

/** Tokens as a tree: under each those that were made of it. One whose maker is not among them stands at the root. */
export function tree(tokens: Token[]): Branch[] {
  const all = new Map(tokens.map((token) => [token.id, { token, children: [] as Branch[] }]))
  const roots: Branch[] = []
  for (const branch of all.values()) (all.get(branch.token.parent_id ?? '')?.children ?? roots).push(branch)
  return roots
}

/** All tokens that end with one. */
export function madeOf(tokens: Token[], id: string): Token[] {
  const children = tokens.filter((t) => t.parent_id === id)
  return children.flatMap((t) => [t, ...madeOf(tokens, t.id)])
}

/** The tokens that reach an account: nothing of another's is shown with it. */
export const reaching = (tokens: Token[], account: string | null) =>
  account ? tokens.filter((t) => t.accounts.includes(account)) : []

export const holds = (t: Token) => t.state === 'active'

/** How its orders of a day stand on an account: 3 sent today, 2 left. */
export function todayWords(t: Token, account: string): string {
  const today = t.today.find((d) => d.account_id === account)
  if (!today) return '–'
  const sent = `${count(today.orders)} order${today.orders === 1 ? '' : 's'} today`
  return today.orders_left === null ? sent : `${sent}, ${count(today.orders_left)} left`
}

/** How its heartbeat stands; '' where its limits ask for none and none came. */
export function heartbeatWords(t: Token, now: Date): { words: string; missing: boolean } {
  const until = t.heartbeat_holds_until
  const missing = t.heartbeat_missing || (until !== null && new Date(until) <= now)
  const came = t.heartbeat_at && `${ageWords(new Date(t.heartbeat_at), now)} ago`
  if (missing) return { words: came ? `missing: the last came ${came}` : 'missing: none came yet', missing }
  return { words: came ? `came ${came}` : 'not asked for', missing }
}

/** When it was last used, of which the server knows the minute. */
export const usedWords = (t: Token, now: Date) => {
  if (!t.last_used_at) return 'never'
  const at = new Date(t.last_used_at)
  const ago = now.getTime() - at.getTime()
  if (ago < 120_000) return 'within two minutes'
  return ago < 86_400_000 ? `${ageWords(at, now)} ago` : dayAndTime(at)
}

export const endWords: Record<Token['state'], (t: Token) => string> = {
  active: (t) => `until ${dayAndTime(t.expires_at)}`,
  expired: (t) => `expired ${dayAndTime(t.expires_at)}`,
  revoked: (t) => `revoked ${dayAndTime(t.revoked_at!)}`,
}

/** The accounts that it reaches, by name; those that are not the user's any more are counted. */
export function accountWords(t: Token, accounts: Account[]): string {
  const names = t.accounts.map((id) => accounts.find((a) => a.id === id)?.name).filter(Boolean)
  const gone = t.accounts.length - names.length
  return [...names, gone ? `${gone} that you do not see` : ''].filter(Boolean).join(', ')
}

const money = ['max_order_notional', 'max_position_notional', 'daily_loss_limit', 'max_drawdown'] as const
const bare = (name: string) => name.replace(/, (\$|seconds)$/, '')

/** The limits that there are, each in words. */
export function limitLines(l: TokenLimits): { name: string; limit: string }[] {
  const lines: { name: string; limit: string }[] = []
  for (const field of Object.keys(amountFields) as (keyof typeof amountFields)[]) {
    const value = l[field]
    const written = (money as readonly string[]).includes(field) ? dollars : quantity
    if (value != null) lines.push({ name: bare(amountFields[field]), limit: written(value) })
  }
  for (const field of Object.keys(countFields) as (keyof typeof countFields)[]) {
    const value = l[field]
    if (value == null) continue
    const text = count(value)
    lines.push({ name: bare(countFields[field]), limit: field === 'heartbeat_seconds' ? `every ${text} s` : text })
  }
  const list = (values: string[]) => values.join(', ') || 'none may be opened'
  if (l.allowed_symbols) lines.push({ name: 'Symbols', limit: list(l.allowed_symbols) })
  if (l.allowed_sides) lines.push({ name: 'Sides', limit: list(l.allowed_sides) })
  if (l.approval_above != null)
    lines.push({
      name: 'Waits for approval',
      limit: Number(l.approval_above) === 0 ? 'each order' : `above ${dollars(l.approval_above)}`,
    })
  return lines
}

/** What is left of limits that are used up, each in words; what has no limit is left out. */
export function leftLines(b: Budget['budget']): { name: string; left: string; none: boolean }[] {
  const number = (name: string, left: number | null) =>
    left === null ? [] : [{ name, left: count(left), none: left === 0 }]
  const amount = (name: string, left: string | null) =>
    left === null ? [] : [{ name, left: dollars(left), none: Number(left) <= 0 }]
  return [
    ...number('Orders this minute', b.left.orders_this_minute),
    ...number('Orders today', b.left.orders_today),
    ...number('Open orders', b.left.open_orders),
    ...amount('Loss of the day', b.left.daily_loss),
    ...amount('Drawdown', b.left.drawdown),
    ...(b.sleeve ? amount(`Cash of the sleeve ${b.sleeve.name}`, b.sleeve.available) : []),
  ]
}

export const levels: Level[] = ['debug', 'info', 'warn', 'error']
/** Whether a line is of a level or of one above it. */
export const reaches = (level: Level, least: Level) => levels.indexOf(level) >= levels.indexOf(least)

/** How curl uses a token that stands in the environment: the text itself is in no snippet, which may be kept. */
export const curlSnippet = (origin: string, account: string) =>
  `read -rs PADDOCK_TOKEN && export PADDOCK_TOKEN   # paste the token, and Enter\n` +
  `curl ${origin}/api/budget -H "Authorization: Bearer $PADDOCK_TOKEN" -H 'X-Account-ID: ${account}'`

/** The configuration of a client of the Model Context Protocol, such as .mcp.json. */
export const mcpSnippet = (origin: string) =>
  JSON.stringify(
    {
      mcpServers: {
        paddock: { type: 'http', url: `${origin}/mcp`, headers: { Authorization: 'Bearer ${PADDOCK_TOKEN}' } },
      },
    },
    null,
    2,
  )

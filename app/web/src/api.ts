// The REST API. A tenant's calls name their account themselves: which one is
// selected may change while an answer is on its way.
import type {
  Account,
  Activity,
  AccountHealth,
  Approval,
  Asset,
  AuditRow,
  BrokerAccount,
  Closed,
  Credentials,
  Details,
  Fill,
  Grant,
  GuardRefusal,
  Guards,
  Invitation,
  Job,
  Limits,
  MadeInvitation,
  MarketClock,
  Offer,
  Order,
  OrderDraft,
  OrderRequest,
  OrdersPage,
  PortfolioHistory,
  OrderTimeline,
  PortfolioAccount,
  Position,
  Preview,
  Replacement,
  Results,
  Role,
  Sleeve,
  StreamMode,
  SyncReport,
  Token,
  TradingDay,
  TradingPosition,
  Turn,
  Turned,
  Word,
} from './types'
import type { ToldBar } from './chart/bars'
import { errorText } from './serverText'
import { isOption, isPair } from './symbols'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly brokerMessage?: string,
    readonly details: Details = {},
    /** In how many seconds it may be tried again, where too much was asked for. */
    readonly retryAfter?: number,
  ) {
    super(message)
  }
}

/** The seconds that an answer says to wait; sign-in has a header of its own for them. */
export function retryAfter({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('X-Retry-After') ?? headers.get('Retry-After') ?? NaN)
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : undefined
}

interface Failure {
  code?: string
  message?: string
  request_id?: string
  broker?: { message?: string }
  details?: Details
}

let onSignedOut = () => {}

/** What happens when the server says that the session has ended. */
export function whenSignedOut(then: () => void) {
  onSignedOut = then
}

let onStepUp = async () => false

/** How somebody is asked for their password or a code before what a stolen session must
 * not do. It returns whether they have given it. */
export function whenStepUpIsRequired(ask: () => Promise<boolean>) {
  onStepUp = ask
}

interface Options {
  account?: string
  body?: unknown
  signal?: AbortSignal
  key?: string // by which a retry is known
}

/** Sends a request, and sends it again once a step-up that it needs has been made. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  try {
    return await send<T>(method, path, options)
  } catch (e) {
    if (!(e instanceof ApiError) || e.code !== 'step_up_required' || !(await onStepUp())) throw e
    return send<T>(method, path, options)
  }
}

async function send<T>(method: string, path: string, options: Options): Promise<T> {
  const headers: Record<string, string> = {}
  if (options.account) headers['X-Account-ID'] = options.account
  if (options.key) headers['Idempotency-Key'] = options.key
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
    })
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e
    throw new ApiError(0, 'unreachable', 'Paddock cannot be reached. Check your connection and try again.', '')
  }
  if (response.status === 204) return undefined as T
  const text = await response.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ApiError(response.status, 'unreadable', 'The server’s answer could not be read. Try again.', '')
  }
  if (!response.ok) {
    if (response.status === 401) onSignedOut()
    const f = body as Failure
    throw new ApiError(
      response.status,
      f.code ?? 'error',
      f.message ?? 'Something went wrong.',
      f.request_id ?? '',
      f.broker?.message,
      f.details,
      retryAfter(response),
    )
  }
  return body as T
}

/** How much of a position is closed; all of it unless it says. */
export interface Closing {
  qty?: string
  percentage?: string
  cancel_orders?: 'true'
}

function query(how: Closing): string {
  const text = new URLSearchParams({ ...how }).toString()
  return text && `?${text}`
}

/** Where Alpaca has the candles of a symbol. */
function barsPath(symbol: string): string {
  if (isOption(symbol)) return '/api/data/v1beta1/options/bars'
  return isPair(symbol) ? '/api/data/v1beta3/crypto/us/bars' : '/api/data/v2/stocks/bars'
}

/** What becomes of orders that are open when an account or its keys are deleted. */
export type OpenOrders = 'cancel' | 'leave'

export const api = {
  accounts: () => call<{ accounts: Account[] }>('GET', '/api/accounts').then((r) => r.accounts),
  portfolio: () => call<{ accounts: PortfolioAccount[] }>('GET', '/api/portfolio').then((r) => r.accounts),
  createAccount: (name: string, environment: 'paper' | 'live') =>
    call<Account>('POST', '/api/accounts', { body: { name, environment } }),
  changeAccount: (id: string, change: { name?: string; is_active?: boolean; stream_mode?: StreamMode }) =>
    call<Account>('PATCH', `/api/accounts/${id}`, { body: change }),
  deleteAccount: (id: string, openOrders?: OpenOrders) =>
    call<void>('DELETE', `/api/accounts/${id}${openOrders ? `?open_orders=${openOrders}` : ''}`),
  grants: (id: string) => call<{ grants: Grant[]; invitations: Invitation[] }>('GET', `/api/accounts/${id}/grants`),
  giveGrant: (id: string, email: string, role: Role) =>
    call<Grant>('POST', `/api/accounts/${id}/grants`, { body: { email, role } }),
  changeGrant: (id: string, user: string, role: Role) =>
    call<Grant>('PATCH', `/api/accounts/${id}/grants/${encodeURIComponent(user)}`, { body: { role } }),
  endGrant: (id: string, user: string) =>
    call<void>('DELETE', `/api/accounts/${id}/grants/${encodeURIComponent(user)}`),
  invite: (id: string, role: Role, email?: string) =>
    call<MadeInvitation>('POST', `/api/accounts/${id}/invitations`, { body: { role, email } }),
  takeInvitationBack: (id: string) => call<void>('DELETE', `/api/invitations/${id}`),
  lookAtInvitation: (token: string) => call<Offer>('POST', '/api/invitations/look', { body: { token } }),
  takeInvitation: (token: string) => call<Offer>('POST', '/api/invitations/take', { body: { token } }),
  health: (id: string) => call<AccountHealth>('GET', `/api/accounts/${id}/health`),
  sync: (account: string) => call<SyncReport>('POST', '/api/sync', { account }),
  credentials: (id: string) => call<Credentials>('GET', `/api/accounts/${id}/credentials`),
  putCredentials: (id: string, key_id: string, secret_key: string) =>
    call<Credentials>('PUT', `/api/accounts/${id}/credentials`, { body: { key_id, secret_key } }),
  deleteCredentials: (id: string, openOrders?: OpenOrders) =>
    call<void>('DELETE', `/api/accounts/${id}/credentials${openOrders ? `?open_orders=${openOrders}` : ''}`),

  brokerAccount: (account: string, signal?: AbortSignal) =>
    call<BrokerAccount>('GET', '/api/account', { account, signal }),
  positions: (account: string, signal?: AbortSignal) => call<Position[]>('GET', '/api/positions', { account, signal }),
  orders: (account: string, before: string | null, signal?: AbortSignal) =>
    call<OrdersPage>('GET', `/api/orders?limit=50${before ? `&before=${encodeURIComponent(before)}` : ''}`, {
      account,
      signal,
    }),
  /** A page of orders by a query of orderQuery. */
  ordersLike: (account: string, query: string, signal?: AbortSignal) =>
    call<OrdersPage>('GET', `/api/orders?${query}`, { account, signal }),
  orderTimeline: (account: string, id: string, signal?: AbortSignal) =>
    call<OrderTimeline>('GET', `/api/orders/${id}/timeline`, { account, signal }),
  refusals: (account: string, query: string, signal?: AbortSignal) =>
    call<{ refusals: GuardRefusal[]; next_cursor: string | null }>('GET', `/api/guards/refusals?${query}`, {
      account,
      signal,
    }),
  cancelOrders: (account: string) => call<{ id: string; status: number }[]>('DELETE', '/api/orders', { account }),
  /** A job where the order waits for a person's word: then nothing was sent yet. */
  placeOrder: (account: string, order: OrderRequest) =>
    call<Order | Job>('POST', '/api/orders', { account, body: order }),
  preview: (account: string, order: OrderDraft, signal?: AbortSignal) =>
    call<Preview>('POST', '/api/orders/preview', { account, body: order, signal }),
  replaceOrder: (account: string, id: string, change: Replacement, key: string) =>
    call<Order | Job>('PATCH', `/api/orders/${id}`, { account, body: change, key }),
  cancelOrder: (account: string, id: string) => call<Order>('DELETE', `/api/orders/${id}`, { account }),
  dismissOrder: (account: string, id: string) => call<Order>('POST', `/api/orders/${id}/dismiss`, { account }),
  closePosition: (account: string, symbol: string, how: Closing, key: string) =>
    call<Order>('DELETE', `/api/positions/${encodeURIComponent(symbol)}${query(how)}`, { account, key }),
  closeAll: (account: string, how: Closing, key: string) =>
    call<Closed[]>('DELETE', `/api/positions${query(how)}`, { account, key }),

  /** What waits, or waited, for a person's word, of one state or of all. */
  approvals: (account: string, query: Record<string, string>, signal?: AbortSignal) =>
    call<{ approvals: Approval[]; next_cursor: string | null }>(
      'GET',
      `/api/approvals?${new URLSearchParams(query).toString()}`,
      { account, signal },
    ),
  approval: (account: string, id: string) => call<Approval>('GET', `/api/approvals/${id}`, { account }),
  previewApproval: (account: string, id: string, signal?: AbortSignal) =>
    call<Preview>('GET', `/api/approvals/${id}/preview`, { account, signal }),
  approve: (account: string, id: string, word: Word) =>
    call<Approval>('POST', `/api/approvals/${id}/approve`, { account, body: word }),
  refuse: (account: string, id: string, word: Word) =>
    call<Approval>('POST', `/api/approvals/${id}/refuse`, { account, body: word }),
  withdraw: (account: string, id: string) => call<Job>('DELETE', `/api/jobs/${id}`, { account }),
  job: (account: string, id: string) => call<Job>('GET', `/api/jobs/${id}`, { account }),
  tokens: (signal?: AbortSignal) => call<{ tokens: Token[] }>('GET', '/api/tokens', { signal }).then((r) => r.tokens),

  tradingPositions: (account: string, query: string, signal?: AbortSignal) =>
    call<{ trading_positions: TradingPosition[]; next_cursor: string | null }>(
      'GET',
      `/api/trading-positions?${query}`,
      { account, signal },
    ),
  fills: (account: string, symbol: string, before: string | null, signal?: AbortSignal) =>
    call<{ fills: Fill[]; next_cursor: string | null }>(
      'GET',
      `/api/fills?${new URLSearchParams({ symbol, limit: '500', ...(before && { before }) })}`,
      { account, signal },
    ),

  results: (account: string, query: string, signal?: AbortSignal) =>
    call<Results>('GET', `/api/results?${query}`, { account, signal }),
  portfolioHistory: (account: string, query: string, signal?: AbortSignal) =>
    call<PortfolioHistory>('GET', `/api/account/portfolio/history?${query}`, { account, signal }),
  activities: (account: string, query: string, signal?: AbortSignal) =>
    call<Activity[]>('GET', `/api/account/activities?${query}`, { account, signal }),
  sleeves: (account: string, signal?: AbortSignal) =>
    call<{ sleeves: Sleeve[] }>('GET', '/api/sleeves', { account, signal }).then((r) => r.sleeves),

  audit: (account: string, query: string, signal?: AbortSignal) =>
    call<{ audit: AuditRow[]; next_cursor: string | null }>('GET', `/api/audit?${query}`, { account, signal }),
  userAudit: (query: string, signal?: AbortSignal) =>
    call<{ audit: AuditRow[]; next_cursor: string | null }>('GET', `/api/user/audit?${query}`, { signal }),

  stepUp: (shown: { password: string } | { code: string }) =>
    call<{ until: string }>('POST', '/api/user/step-up', { body: shown }),
  steppedUpUntil: () => call<{ until: string }>('GET', '/api/user/step-up').then((r) => new Date(r.until)),

  /** The candles since a time, the newest first; a thousand at most. Shares' are as if splits had always been. */
  bars: (account: string, symbol: string, timeframe: string, since: Date, signal?: AbortSignal) => {
    const path = barsPath(symbol)
    const asked = { symbols: symbol, timeframe, start: since.toISOString(), limit: '1000', sort: 'desc' }
    const query = new URLSearchParams({ ...asked, ...(path.includes('stocks') && { adjustment: 'split' }) })
    return call<{ bars: Record<string, ToldBar[]> | null }>('GET', `${path}?${query}`, { account, signal }).then(
      (r) => r.bars?.[symbol] ?? [],
    )
  },
  assets: (account: string, asset_class: string) =>
    call<Asset[]>('GET', `/api/assets?status=active&asset_class=${asset_class}`, { account }),
  /** The trading days with their hours. */
  calendar: (account: string, start: string, end: string) =>
    call<TradingDay[]>('GET', `/api/calendar?start=${start}&end=${end}`, { account }),
  clock: (account: string) => call<MarketClock>('GET', '/api/clock', { account }),

  /** What Alpaca knows of a symbol. */
  asset: (account: string, symbol: string, signal?: AbortSignal) =>
    call<{ symbol: string }>('GET', `/api/assets/${encodeURIComponent(symbol)}`, { account, signal }),
  guards: (account: string, signal?: AbortSignal) => call<Guards>('GET', '/api/guards', { account, signal }),
  setGuards: (account: string, limits: Limits) => call<Guards>('PUT', '/api/guards', { account, body: limits }),
  turnSwitch: (account: string, turn: Turn, key: string) =>
    call<Turned>('POST', '/api/guards/switch', { account, body: turn, key }),
}

/** How long to wait, in words: 12 seconds, 3 minutes. */
export function waitWords(seconds: number): string {
  const [n, unit] = seconds < 120 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute']
  return `${n} ${unit}${n === 1 ? '' : 's'}`
}

/** An error in words for a person. */
export function explain(e: unknown): string {
  if (!(e instanceof ApiError)) return 'Something went wrong. Try again.'
  const said = errorText(e.code, e.status, e.message)
  if (e.status === 429 && e.retryAfter) return `${said} Try again in ${waitWords(e.retryAfter)}.`
  return e.brokerMessage && !e.message.includes(e.brokerMessage) ? `${said} (Alpaca: ${e.brokerMessage})` : said
}

// The REST API. A tenant's calls name their account themselves: which one is
// selected may change while an answer is on its way.
import type {
  Account,
  AccountHealth,
  Approval,
  AuditRow,
  BrokerAccount,
  Closed,
  Credentials,
  Details,
  Fill,
  Grant,
  Guards,
  Invitation,
  Job,
  Limits,
  MadeInvitation,
  Offer,
  Order,
  OrderDraft,
  OrderRequest,
  OrdersPage,
  Position,
  Preview,
  Replacement,
  Role,
  StreamMode,
  SyncReport,
  Token,
  TradingPosition,
  Turn,
  Turned,
  Word,
} from './types'
import { localText } from './serverText'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly brokerMessage?: string,
    readonly details: Details = {},
  ) {
    super(message)
  }
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
async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
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

/** What becomes of orders that are open when an account or its keys are deleted. */
export type OpenOrders = 'cancel' | 'leave'

export const api = {
  accounts: () => call<{ accounts: Account[] }>('GET', '/api/accounts').then((r) => r.accounts),
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
  tokens: () => call<{ tokens: Token[] }>('GET', '/api/tokens').then((r) => r.tokens),

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

  audit: (account: string, query: string, signal?: AbortSignal) =>
    call<{ audit: AuditRow[]; next_cursor: string | null }>('GET', `/api/audit?${query}`, { account, signal }),
  userAudit: (query: string, signal?: AbortSignal) =>
    call<{ audit: AuditRow[]; next_cursor: string | null }>('GET', `/api/user/audit?${query}`, { signal }),

  stepUp: (shown: { password: string } | { code: string }) =>
    call<{ until: string }>('POST', '/api/user/step-up', { body: shown }),
  steppedUpUntil: () => call<{ until: string }>('GET', '/api/user/step-up').then((r) => new Date(r.until)),

  guards: (account: string, signal?: AbortSignal) => call<Guards>('GET', '/api/guards', { account, signal }),
  setGuards: (account: string, limits: Limits) => call<Guards>('PUT', '/api/guards', { account, body: limits }),
  turnSwitch: (account: string, turn: Turn, key: string) =>
    call<Turned>('POST', '/api/guards/switch', { account, body: turn, key }),
}

/** What the server says to programs, for people. */
const forPeople: Record<string, string> = {
  needs_credentials: 'This account has no working API keys. Enter them under Accounts.',
  no_credentials: 'This account has no API keys yet. Enter them under Accounts.',
  invalid_account: 'Enter a name of 1 to 80 characters, of which one can be seen.',
}

/** An error in words for a person. */
export function explain(e: unknown): string {
  if (e instanceof ApiError && e.code === 'step_up_required')
    return 'Nothing was changed: on a live account this takes your password or a code again.'
  if (e instanceof ApiError && e.code === 'approval_needed')
    return 'Nothing was changed yet: another person must approve it first, under Approvals. Make the same change again once they have.'
  const words = e instanceof ApiError && forPeople[e.code]
  if (words) return words
  if (e instanceof ApiError) {
    const said = localText(e.message)
    return e.brokerMessage && !e.message.includes(e.brokerMessage) ? `${said} (Alpaca: ${e.brokerMessage})` : said
  }
  return 'Something went wrong. Try again.'
}

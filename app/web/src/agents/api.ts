// The API of agents: tokens, what each may still do, what agents say, and sleeves.
import { call } from '../api'
import type { AgentLog, Budget, MadeToken, OrdersPage, Token, TokenRequest, TradingPosition } from '../types'

type Query = Record<string, string>
const of = (query: Query) => new URLSearchParams(query).toString()

export const agentsApi = {
  makeToken: (request: TokenRequest) => call<MadeToken>('POST', '/api/tokens', { body: request }),
  resetToken: (id: string) => call<Token>('POST', `/api/tokens/${id}/reset`),
  revokeToken: (id: string) => call<{ revoked: string[] }>('DELETE', `/api/tokens/${id}`),
  budget: (account: string, token: string, signal?: AbortSignal) =>
    call<Budget>('GET', `/api/budget?${of({ token_id: token })}`, { account, signal }).then((r) => r.budget),
  orders: (account: string, query: Query, signal?: AbortSignal) =>
    call<OrdersPage>('GET', `/api/orders?${of(query)}`, { account, signal }),
  logs: (account: string, query: Query, signal?: AbortSignal) =>
    call<{ agent_logs: AgentLog[]; next_cursor: string | null }>('GET', `/api/agent-logs?${of(query)}`, {
      account,
      signal,
    }),
  trips: (account: string, query: Query, signal?: AbortSignal) =>
    call<{ trading_positions: TradingPosition[]; next_cursor: string | null }>(
      'GET',
      `/api/trading-positions?${of(query)}`,
      { account, signal },
    ),
}

// The API of sleeves: parts of an account with cash and positions of their own.
import { call } from '../api'
import type { Job, Order, Sleeve, SleeveChange, Sleeves, SleeveTransfer } from '../types'

export const sleevesApi = {
  list: (account: string, signal?: AbortSignal) => call<Sleeves>('GET', '/api/sleeves', { account, signal }),
  make: (account: string, sleeve: SleeveChange & { name: string }) =>
    call<Sleeve>('POST', '/api/sleeves', { account, body: sleeve }),
  change: (account: string, id: string, change: SleeveChange) =>
    call<Sleeve>('PATCH', `/api/sleeves/${id}`, { account, body: change }),
  close: (account: string, id: string) => call<void>('DELETE', `/api/sleeves/${id}`, { account }),
  closePosition: (account: string, id: string, symbol: string, key: string) =>
    call<Order | Job>(
      'DELETE',
      `/api/positions/${encodeURIComponent(symbol)}?${new URLSearchParams({ sleeve_id: id })}`,
      {
        account,
        key,
      },
    ),
  resetMark: (account: string, id: string) => call<Sleeve>('POST', `/api/sleeves/${id}/high-water-mark`, { account }),
  move: (
    account: string,
    transfer: { from_sleeve_id?: string; to_sleeve_id?: string; amount: string; note?: string },
    key: string,
  ) => call<SleeveTransfer>('POST', '/api/sleeve-transfers', { account, body: transfer, key }),
}

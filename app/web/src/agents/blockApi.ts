// The API of block orders and of copying.
import { call } from '../api'
import type { BlockOrder, BlockOrderRequest, BlockPreview, Copying, CopiesPage, LedPage } from '../types'

const page = (before: string | null) => new URLSearchParams({ limit: '25', ...(before && { before }) }).toString()

export const blockApi = {
  preview: (request: BlockOrderRequest, signal?: AbortSignal) =>
    call<BlockPreview>('POST', '/api/block-orders/preview', { body: request, signal }),
  send: (request: BlockOrderRequest, key: string) =>
    call<BlockOrder>('POST', '/api/block-orders', { body: request, key }),
  one: (id: string) => call<BlockOrder>('GET', `/api/block-orders/${id}`),
  list: (before: string | null, signal?: AbortSignal) =>
    call<{ block_orders: BlockOrder[]; next_cursor: string | null }>('GET', `/api/block-orders?${page(before)}`, {
      signal,
    }),
}

export const copyingApi = {
  get: (account: string, signal?: AbortSignal) => call<Copying>('GET', '/api/copying', { account, signal }),
  offer: (account: string, name: string) =>
    call<{ id: string; name: string; copy_code: string }>('POST', '/api/copying/offer', { account, body: { name } }),
  endOffer: (account: string) => call<{ followers: number }>('DELETE', '/api/copying/offer', { account }),
  follow: (account: string, follow: { copy_code: string; token_id: string; ratio: string }) =>
    call<Copying>('POST', '/api/copying/follows', { account, body: follow }),
  unfollow: (account: string, id: string) => call<void>('DELETE', `/api/copying/follows/${id}`, { account }),
  copies: (account: string, before: string | null, signal?: AbortSignal) =>
    call<CopiesPage>('GET', `/api/copies?${page(before)}`, { account, signal }),
  led: (account: string, signal?: AbortSignal) => call<LedPage>('GET', '/api/copies/led?limit=25', { account, signal }),
}

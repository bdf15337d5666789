// What happened on an account, in words.
import type { LiveEvent } from 'paddock-live'
import { orderLine, stateWords, title } from './approvals'
import { guardNames, guardNotice } from './guards'
import { quantity } from './money'
import { fillNotice, line, refusalNotice } from './orders'
import { personText } from './serverText'
import type { Account, Approval, Order } from './types'

export interface Happened {
  severity: 'success' | 'info' | 'warn' | 'error'
  summary: string
  detail?: string
  /** What a fill brought in, below 0 for what it cost. */
  net?: string
  /** The page that has more of it. */
  page: '/' | '/journal' | '/approvals' | '/guards' | '/accounts' | '/audit' | '/notices'
}

/** An account's name, with a word where its money is real. */
export const nameOf = (a: Pick<Account, 'name' | 'environment'>) =>
  a.environment === 'live' ? `${a.name} (live)` : a.name

const orderWords: Record<string, string> = {
  trade_bust: 'A fill was taken back',
  trade_correct: 'A fill was corrected',
  reconciled: 'Filled',
  unknown: 'Nobody knows whether it was placed',
  overshot: 'A closing traded more than was held',
}

function ofOrder(e: Extract<LiveEvent, { kind: 'order' }>): Happened {
  const { event, order, execution } = e.data
  if (!order) return { severity: 'warn', summary: 'An update of Alpaca’s could not be read', page: '/' }
  const o = order as Order
  if (execution && (event === 'fill' || event === 'partial_fill')) return { ...fillNotice(o, execution), page: '/' }
  if (event === 'rejected') return { ...refusalNotice(o), page: '/' }
  const severity = event === 'unknown' ? 'error' : event === 'reconciled' ? 'success' : 'warn'
  return { severity, summary: `${orderWords[event] ?? event.replaceAll('_', ' ')}: ${line(o)}`, page: '/' }
}

const approvalSeverity = (a: Approval) =>
  a.state === 'pending' ? 'info' : a.state === 'approved' || a.state === 'used' ? 'success' : 'warn'

/** What an event says, without the account's name, which stands beside it. */
export function happened(e: LiveEvent): Happened {
  switch (e.kind) {
    case 'order':
      return ofOrder(e)
    case 'guard':
      return { ...guardNotice(e.data), page: '/guards' }
    case 'job': {
      if (e.data.event === 'canceled_all') return { severity: 'info', summary: 'What waited was canceled', page: '/' }
      const { request, answer } = e.data.job
      const said = typeof answer?.message === 'string' ? personText(answer.message, 'It was not sent.') : undefined
      return { severity: 'error', summary: `Not sent: ${orderLine(request) || 'an order'}`, detail: said, page: '/' }
    }
    case 'approval': {
      const a = e.data.approval as Approval
      const what = a.state === 'pending' ? 'Waits for approval' : stateWords[a.state]
      return {
        severity: approvalSeverity(a),
        summary: `${what.charAt(0).toUpperCase()}${what.slice(1)}: ${title(a)}`,
        page: '/approvals',
      }
    }
    case 'credentials': {
      const page = '/accounts'
      if (e.data.state === 'needs_credentials')
        return {
          severity: 'error',
          summary: 'Alpaca refuses the API keys',
          detail: 'Nothing is traded or read until new ones are entered.',
          page,
        }
      const ending = e.data.key_last4 ? ` that end in …${e.data.key_last4}` : ''
      if (e.data.state === 'deleted') return { severity: 'warn', summary: 'The API keys were deleted', page }
      return { severity: 'info', summary: `API keys were stored${ending}`, page }
    }
    case 'stream':
      if (e.data.event === 'live') return { severity: 'info', summary: 'Updates come live again', page: '/accounts' }
      return {
        severity: 'warn',
        summary: 'Alpaca’s updates do not come',
        detail: ['Fills may be told late.', e.data.why && personText(e.data.why, '')].filter(Boolean).join(' '),
        page: '/accounts',
      }
    case 'limit': {
      const { limit, used, most, symbol } = e.data
      return {
        severity: 'warn',
        summary: `Nearly used up: ${guardNames[limit]}${symbol ? ` in ${symbol}` : ''}`,
        detail: `${quantity(used)} of ${quantity(most)}`,
        page: '/guards',
      }
    }
    case 'position': {
      const held = e.data.positions.map((p) => `${quantity(p.qty)} ${p.symbol}`).join(', ')
      return {
        severity: 'warn',
        summary: 'Alpaca holds other positions than were known',
        detail: `Held now: ${held || 'nothing'}`,
        page: '/',
      }
    }
    case 'journal': {
      const { event, symbol, journal_qty, broker_qty } = e.data
      if (event === 'agrees')
        return { severity: 'info', summary: `The journal agrees with Alpaca about ${symbol} again`, page: '/journal' }
      return {
        severity: 'warn',
        summary: `The journal and Alpaca differ about ${symbol}`,
        detail: `${quantity(journal_qty)} here, ${quantity(broker_qty)} at Alpaca`,
        page: '/journal',
      }
    }
    case 'history':
      return {
        severity: 'info',
        summary: 'The account’s history was imported',
        detail: `${e.data.orders_added} of ${e.data.orders_read} orders were new`,
        page: '/journal',
      }
    case 'webhook':
    case 'notice':
      return {
        severity: 'warn',
        summary:
          e.kind === 'webhook' ? 'A webhook was switched off' : 'A notice that is sent elsewhere was switched off',
        detail: e.data.reason === 'failing' ? 'Nothing was taken for three days.' : undefined,
        page: '/notices',
      }
    case 'account':
      return {
        severity: 'info',
        summary: e.data.is_active ? 'The account’s settings were changed' : 'The account was paused',
        page: '/accounts',
      }
    default:
      return { severity: 'info', summary: 'Something else happened', page: '/audit' }
  }
}

// What the audit page works out of rows of the audit.
import { localText } from './serverText'
import type { AuditRow } from './types'

export interface AuditFilter {
  of: 'account' | 'sign-in'
  action: string // '' for all of them
  decryptions: boolean // each use of the keys too, which is about one a request to Alpaca
}

/** What can be chosen: what stands before the dot of an action. */
export const actionGroups = {
  account: [
    'order',
    'approval',
    'guards',
    'credentials',
    'account',
    'configuration',
    'grant',
    'report',
    'watchlist',
    'option',
    'audit',
  ],
  'sign-in': ['session', 'sign_in', 'password', 'email', 'two_factor', 'user'],
}

/** The parameters of a page, or without a limit those of an export. */
export function auditQuery(f: AuditFilter, more: Record<string, string> = {}): string {
  const query = new URLSearchParams(more)
  if (f.action) query.set('action', f.action)
  if (f.of === 'account' && !f.decryptions) query.set('without', 'credentials.decrypt')
  return query.toString()
}

/** Who did it, in words. */
export function actorOf(row: AuditRow, self: string | undefined): string {
  switch (row.kind) {
    case 'user':
      return row.actor === self ? 'You' : `User ${row.actor}`
    case 'worker':
      return 'Paddock, for the account’s stream'
    case 'operator':
      return `Operator ${row.actor}`
    case 'reporting_login':
      return `Reporting login ${row.actor}`
    case 'nobody':
      return 'Somebody who could not sign in'
  }
}

/** An action in words: order.cancel_all is “order: cancel all”. */
export const actionWords = (action: string) => action.replace('.', ': ').replaceAll('_', ' ')

/** The detail in one line, without what is empty. */
export function detailWords(detail: AuditRow['detail']): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(
      ([name, value]) =>
        `${name.replaceAll('_', ' ')} ${typeof value === 'object' ? JSON.stringify(value) : localText(String(value))}`,
    )
    .join(', ')
}

import type { Account, Role } from './types'

/** Reports whether a role on an account only reads: it neither orders nor cancels. */
export const onlyReads = (role: Role | undefined) => role === 'viewer' || role === 'approver'

/** Reports whether a user approves, and refuses, on an account: on one that is paused its
 * owners order nothing, and approve nothing either. */
export const mayApprove = (a: Pick<Account, 'role' | 'is_active'> | null | undefined) =>
  a?.role === 'approver' || (a?.role === 'owner' && a.is_active)

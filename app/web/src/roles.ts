import type { Role } from './types'

/** Reports whether a role on an account only reads: it neither orders nor cancels. */
export const onlyReads = (role: Role | undefined) => role === 'viewer' || role === 'approver'

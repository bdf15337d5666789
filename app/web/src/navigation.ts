// The pages that the header, the user's menu and a telephone's bar lead to. Who adds a page adds it here.

export interface PageLink {
  path: string
  /** What its test id ends with. */
  name: string
  title: string
  /** It is in the bar of a telephone, and not under “More” there. */
  bar?: boolean
}

export const mainPages: PageLink[] = [
  { path: '/', name: 'desk', title: 'Desk', bar: true },
  { path: '/orders', name: 'orders', title: 'Orders', bar: true },
  { path: '/journal', name: 'journal', title: 'Journal', bar: true },
  { path: '/results', name: 'results', title: 'Results' },
  { path: '/approvals', name: 'approvals', title: 'Approvals' },
  { path: '/agents', name: 'agents', title: 'Agents' },
  { path: '/guards', name: 'guards', title: 'Guards' },
  { path: '/accounts', name: 'accounts', title: 'Accounts' },
]

/** Of the user, or seldom opened: they are in the user's menu. */
export const userPages: PageLink[] = [
  { path: '/profile', name: 'profile', title: 'Profile' },
  { path: '/audit', name: 'audit', title: 'Audit' },
]

/** Where the order ticket is: on a telephone it is below the figures. */
export const ticketHash = '#ticket'

/** The letters that stand for a user: of their name, or else of their address. */
export function initials(user: { name?: string; email: string }): string {
  const words = (user.name?.trim() || user.email.split('@')[0]!).split(/[\s._-]+/).filter(Boolean)
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '')
  return letters.join('').toUpperCase()
}

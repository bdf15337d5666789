import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { cannotBeLoaded } from './parts'
import { untilReady } from './ready'
import { useNotices } from './stores/notices'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
    /** It is of no account, and its address names none. */
    apart?: boolean
    /** It shows something of the account that is selected. */
    ofAccount?: boolean
  }
}

const ofAccount = (title: string) => ({ title, ofAccount: true })

// Each page is a chunk of its own: most people open few of them.
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: () => import('./pages/DeskPage.vue'), meta: ofAccount('Desk') },
    { path: '/journal', component: () => import('./pages/JournalPage.vue'), meta: ofAccount('Journal') },
    { path: '/approvals', component: () => import('./pages/ApprovalsPage.vue'), meta: ofAccount('Approvals') },
    { path: '/guards', component: () => import('./pages/GuardsPage.vue'), meta: ofAccount('Guards') },
    { path: '/accounts', component: () => import('./pages/AccountsPage.vue'), meta: { title: 'Accounts' } },
    { path: '/audit', component: () => import('./pages/AuditPage.vue'), meta: ofAccount('Audit') },
    { path: '/profile', component: () => import('./pages/ProfilePage.vue'), meta: { title: 'Profile' } },
    {
      path: '/invitation',
      component: () => import('./pages/InvitationPage.vue'),
      meta: { title: 'Invitation', apart: true },
    },
    {
      path: '/:rest(.*)',
      component: () => import('./pages/NoPage.vue'),
      meta: { title: 'No such page', apart: true },
    },
  ],
})

/** The page that was asked for last, and could not be loaded. */
let missing: RouteLocationNormalized | undefined
router.afterEach((_to, _from, failure) => {
  if (!failure) missing = undefined
})

// A page's script cannot be had where the server is away, or has another build by now. Then the
// whole console is loaded again at that page, and not before the server is there: a browser's own
// page about a server that is away would take the place of what is shown, and look for it no more.
router.onError(async (e, to) => {
  if (!cannotBeLoaded(e)) return
  missing = to
  await untilReady(() =>
    useNotices().add({
      severity: 'warn',
      summary: `${to.meta.title} opens when Paddock is back`,
      detail: 'Paddock cannot be reached, and this page was not loaded before.',
    }),
  )
  if (missing === to) location.assign(to.fullPath)
})

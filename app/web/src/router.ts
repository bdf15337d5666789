import { createRouter, createWebHistory } from 'vue-router'
import AccountsPage from './pages/AccountsPage.vue'
import AuditPage from './pages/AuditPage.vue'
import DeskPage from './pages/DeskPage.vue'
import GuardsPage from './pages/GuardsPage.vue'
import InvitationPage from './pages/InvitationPage.vue'
import JournalPage from './pages/JournalPage.vue'
import ProfilePage from './pages/ProfilePage.vue'
import ResetPage from './pages/ResetPage.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** It is of no account, and its address names none. */
    apart?: boolean
    /** It shows something of the account that is selected. */
    ofAccount?: boolean
  }
}

const ofAccount = { ofAccount: true }
const apart = { apart: true }

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: DeskPage, meta: ofAccount },
    { path: '/journal', component: JournalPage, meta: ofAccount },
    // On a chunk of its own: most people never open it.
    { path: '/approvals', component: () => import('./pages/ApprovalsPage.vue'), meta: ofAccount },
    { path: '/guards', component: GuardsPage, meta: ofAccount },
    { path: '/accounts', component: AccountsPage },
    { path: '/audit', component: AuditPage, meta: ofAccount },
    { path: '/profile', component: ProfilePage },
    { path: '/invitation', component: InvitationPage, meta: apart },
    { path: '/reset-password', component: ResetPage, meta: apart },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

// A page of its own chunk cannot be had where the server has another build by now: the whole
// console is loaded again, once.
router.onError((e, to) => {
  if (/dynamically imported module|Importing a module script|preload CSS/i.test(String(e))) location.assign(to.fullPath)
})

import { createRouter, createWebHistory } from 'vue-router'
import AccountsPage from './pages/AccountsPage.vue'
import AuditPage from './pages/AuditPage.vue'
import DeskPage from './pages/DeskPage.vue'
import GuardsPage from './pages/GuardsPage.vue'
import InvitationPage from './pages/InvitationPage.vue'
import JournalPage from './pages/JournalPage.vue'
import ProfilePage from './pages/ProfilePage.vue'
import ResetPage from './pages/ResetPage.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: DeskPage },
    { path: '/journal', component: JournalPage },
    // On a chunk of its own: most people never open it.
    { path: '/approvals', component: () => import('./pages/ApprovalsPage.vue') },
    { path: '/guards', component: GuardsPage },
    { path: '/accounts', component: AccountsPage },
    { path: '/audit', component: AuditPage },
    { path: '/profile', component: ProfilePage },
    { path: '/invitation', component: InvitationPage },
    { path: '/reset-password', component: ResetPage },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

// A page of its own chunk cannot be had where the server has another build by now: the whole
// console is loaded again, once.
router.onError((e, to) => {
  if (/dynamically imported module|Importing a module script|preload CSS/i.test(String(e))) location.assign(to.fullPath)
})

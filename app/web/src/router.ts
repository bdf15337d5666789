import { createRouter, createWebHistory } from 'vue-router'
import { cannotBeLoaded } from './parts'

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

// A page of its own chunk cannot be had where the server has another build by now: the whole
// console is loaded again, once.
router.onError((e, to) => {
  if (cannotBeLoaded(e)) location.assign(to.fullPath)
})

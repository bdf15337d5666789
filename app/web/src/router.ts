import { createRouter, createWebHistory } from 'vue-router'

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

let admit = () => {}
const admitted = new Promise<void>((resolve) => (admit = resolve))
/** Somebody is signed in: the page is wanted. */
export const signedIn = () => admit()
const page =
  <T>(load: () => Promise<T>) =>
  () =>
    admitted.then(load)

// Each page is a chunk of its own: most people open few of them.
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: page(() => import('./pages/DeskPage.vue')), meta: ofAccount('Desk') },
    { path: '/journal', component: page(() => import('./pages/JournalPage.vue')), meta: ofAccount('Journal') },
    { path: '/approvals', component: page(() => import('./pages/ApprovalsPage.vue')), meta: ofAccount('Approvals') },
    { path: '/guards', component: page(() => import('./pages/GuardsPage.vue')), meta: ofAccount('Guards') },
    { path: '/accounts', component: page(() => import('./pages/AccountsPage.vue')), meta: { title: 'Accounts' } },
    { path: '/audit', component: page(() => import('./pages/AuditPage.vue')), meta: ofAccount('Audit') },
    { path: '/profile', component: page(() => import('./pages/ProfilePage.vue')), meta: { title: 'Profile' } },
    {
      path: '/invitation',
      component: page(() => import('./pages/InvitationPage.vue')),
      meta: { title: 'Invitation', apart: true },
    },
    {
      path: '/reset-password',
      component: () => import('./pages/ResetPage.vue'),
      meta: { title: 'New password', apart: true },
    },
    {
      path: '/:rest(.*)',
      component: page(() => import('./pages/NoPage.vue')),
      meta: { title: 'No such page', apart: true },
    },
  ],
})

// A page of its own chunk cannot be had where the server has another build by now: the whole
// console is loaded again, once.
router.onError((e, to) => {
  if (/dynamically imported module|Importing a module script|preload CSS/i.test(String(e))) location.assign(to.fullPath)
})

import { createRouter, createWebHistory } from 'vue-router'
import AccountsPage from './pages/AccountsPage.vue'
import DeskPage from './pages/DeskPage.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: DeskPage },
    { path: '/accounts', component: AccountsPage },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

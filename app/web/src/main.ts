import './style.css' // first: what a component says of itself comes after it
import { createPinia } from 'pinia'
import PrimeVue from 'primevue/config'
import ConfirmationService from 'primevue/confirmationservice'
import { createApp } from 'vue'
import { keepAccountInUrl } from './accountInUrl'
import App from './App.vue'
import { router } from './router'
import { theme } from './theme'

// PrimeVue makes its styles while the page runs. The server lets styles in by this
// nonce, which is another in each answer (app/web/web.go).
const nonce = document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content

const app = createApp(App).use(createPinia())
keepAccountInUrl(router) // before the first page
app
  .use(router)
  .use(PrimeVue, { theme: { preset: theme, options: { darkModeSelector: 'system' } }, csp: { nonce } })
  .use(ConfirmationService)
  .mount('#app')

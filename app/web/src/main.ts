import './style.css' // first: what a component says of itself comes after it
import Aura from '@primeuix/themes/aura'
import { createPinia } from 'pinia'
import PrimeVue from 'primevue/config'
import ConfirmationService from 'primevue/confirmationservice'
import ToastService from 'primevue/toastservice'
import { createApp } from 'vue'
import { keepAccountInUrl } from './accountInUrl'
import App from './App.vue'
import { router } from './router'

// PrimeVue makes its styles while the page runs. The server lets styles in by this
// nonce, which is another in each answer (app/web/web.go).
const nonce = document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content

const app = createApp(App).use(createPinia())
keepAccountInUrl(router) // before the first page
app
  .use(router)
  .use(PrimeVue, { theme: { preset: Aura, options: { darkModeSelector: 'system' } }, csp: { nonce } })
  .use(ConfirmationService)
  .use(ToastService)
  .mount('#app')

// What somebody needs who is signed in. Who signs in does not wait for it.
import { createPinia } from 'pinia'
import PrimeVue from 'primevue/config'
import ConfirmationService from 'primevue/confirmationservice'
import type { App } from 'vue'
import { keepAccountInUrl } from './accountInUrl'
import ConsoleShell from './ConsoleShell.vue'
import { router } from './router'
import { theme } from './theme'

/** Adds stores, pages and PrimeVue to the application, and returns the component that shows them. */
export function equip(app: App) {
  // PrimeVue makes its styles while the page runs. The server lets styles in by this
  // nonce, which is another in each answer (app/web/web.go).
  const nonce = document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content

  app.use(createPinia())
  keepAccountInUrl(router) // before the first page
  app
    .use(router)
    .use(PrimeVue, { theme: { preset: theme, options: { darkModeSelector: 'system' } }, csp: { nonce } })
    .use(ConfirmationService)
  return ConsoleShell
}

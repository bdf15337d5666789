import { defineAsyncComponent, type AsyncComponentLoader, type Component } from 'vue'
import { untilReady } from './ready'

/** Whether an error says that a script could not be loaded: the server is away, or has another build by now. */
export const cannotBeLoaded = (e: unknown) =>
  /dynamically imported module|Importing a module script|preload CSS/i.test(String(e))

const reloadAfter = 3000 // ms

/** A component that is loaded when it is shown first, and without which there is nothing to show:
 * where that fails, the whole console is loaded again after a while, and not before the server is
 * there: a browser's own page about a server that is away looks for it no more. */
export const page = <T extends Component>(loader: AsyncComponentLoader<T>) =>
  defineAsyncComponent({
    loader,
    onError: () => void setTimeout(() => void untilReady().then(() => location.reload()), reloadAfter),
  })

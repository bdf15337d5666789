import { defineAsyncComponent, type AsyncComponentLoader, type Component } from 'vue'

/** Whether an error says that a script could not be loaded: the server is away, or has another build by now. */
export const cannotBeLoaded = (e: unknown) =>
  /dynamically imported module|Importing a module script|preload CSS/i.test(String(e))

/** A component that is loaded when it is shown first, and without which there is nothing to show:
 * where that fails, the whole console is loaded again after a while. */
export const page = <T extends Component>(loader: AsyncComponentLoader<T>) =>
  defineAsyncComponent({ loader, onError: () => void setTimeout(() => location.reload(), 3000) })

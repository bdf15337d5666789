import { ref, watch } from 'vue'

/** How often the server was reached again after a break. */
export const reconnections = ref(0)

/** Runs something each time the server is reached again after a break, until its component is gone:
 * what a page shows may be old by then, and its error is over. */
export const onReconnection = (run: () => unknown) => watch(reconnections, () => void run())

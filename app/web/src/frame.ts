/** Makes something run once, before the page is drawn next, for any number of calls. A page that
 * nobody sees is not drawn: there it runs a little later. */
export function onceAFrame(run: () => void) {
  let cancel: (() => void) | undefined
  const go = () => {
    cancel = undefined
    run()
  }
  const call = () => {
    if (cancel) return
    if (!globalThis.document) return go()
    if (document.hidden) {
      const timer = setTimeout(go, 250)
      cancel = () => clearTimeout(timer)
    } else {
      const frame = requestAnimationFrame(go)
      cancel = () => cancelAnimationFrame(frame)
    }
  }
  return Object.assign(call, {
    cancel: () => {
      cancel?.()
      cancel = undefined
    },
  })
}

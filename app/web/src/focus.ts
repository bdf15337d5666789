/** Remembers where the focus is. The function that it returns puts it back there, or where that
 * is gone to the page: never nowhere, from where a keyboard begins at the top again. */
export function rememberFocus(): () => void {
  const before = document.activeElement
  return () => {
    const now = document.activeElement
    if (now && now !== document.body && now.isConnected) return // it has gone on by itself
    const back = before instanceof HTMLElement && before.isConnected && before !== document.body ? before : null
    back?.focus()
    if (!back || document.activeElement !== back) document.getElementById('main')?.focus({ preventScroll: true })
  }
}

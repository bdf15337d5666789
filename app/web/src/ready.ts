export const lookAgain = 2000 // ms between two looks for a server that is away

/** Returns whether the server serves, so far as can be told. */
export const isReady = () =>
  fetch('/readyz', { method: 'HEAD' }).then(
    (answer) => answer.ok,
    () => false,
  )

/** Resolves as soon as the server serves. Where it does not serve now, away is called first. */
export async function untilReady(away?: () => void) {
  for (let first = true; !(await isReady()); first = false) {
    if (first) away?.()
    await new Promise((done) => setTimeout(done, lookAgain))
  }
}

/** Makes something run once for several calls: some milliseconds after the first of them, and
 * so many apart however many calls there are. */
export function throttle(run: () => unknown, after: number, apart = 1000) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = -Infinity
  const cancel = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const call = () => {
    if (timer !== undefined) return
    const wait = Math.max(after, last + apart - Date.now())
    timer = setTimeout(() => {
      timer = undefined
      last = Date.now()
      void run()
    }, wait)
  }
  return Object.assign(call, { cancel })
}

/** Makes something run once, some milliseconds after the last of several calls. */
export function debounce(run: () => unknown, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const cancel = () => clearTimeout(timer)
  const call = () => {
    cancel()
    timer = setTimeout(() => void run(), ms)
  }
  return Object.assign(call, { cancel })
}

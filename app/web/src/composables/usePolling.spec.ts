import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { usePolling } from './usePolling'

const page = { hidden: false }
beforeEach(() => {
  vi.useFakeTimers()
  page.hidden = false
  vi.stubGlobal('document', page)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it.each([
  [false, 0],
  [true, 1],
])('runs while the page is visible (at once: %s), and stops with its scope', async (immediate, first) => {
  const run = vi.fn()
  const scope = effectScope()
  scope.run(() => usePolling(run, 1000, { immediate }))
  expect(run).toHaveBeenCalledTimes(first)
  await vi.advanceTimersByTimeAsync(2000)
  expect(run).toHaveBeenCalledTimes(first + 2)
  page.hidden = true
  await vi.advanceTimersByTimeAsync(5000)
  expect(run).toHaveBeenCalledTimes(first + 2)
  page.hidden = false
  await vi.advanceTimersByTimeAsync(1000)
  expect(run).toHaveBeenCalledTimes(first + 3)
  scope.stop()
  await vi.advanceTimersByTimeAsync(5000)
  expect(run).toHaveBeenCalledTimes(first + 3)
})

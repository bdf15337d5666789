import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { throttle } from './throttle'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('runs soon after the first of several calls, and once a second however many there are', async () => {
  const run = vi.fn()
  const call = throttle(run, 150)
  for (let ms = 0; ms < 3000; ms += 50) {
    call()
    await vi.advanceTimersByTimeAsync(50)
  }
  // A debounce would not have run at all: the calls never pause.
  expect(run).toHaveBeenCalledTimes(3)
  call()
  call.cancel()
  await vi.advanceTimersByTimeAsync(5000)
  expect(run).toHaveBeenCalledTimes(3)
})

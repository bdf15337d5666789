import { describe, expect, it } from 'vitest'
import { ApiError } from '../api'
import { useRowActions } from './useRowActions'

describe('useRowActions', () => {
  it('runs one action a row at a time, and several rows at once', async () => {
    const { busy, run } = useRowActions()
    const ends: (() => void)[] = []
    const action = () => new Promise<void>((end) => ends.push(end))
    const first = run('a', action)
    expect(await run('a', action)).toBe(false)
    const second = run('b', action)
    expect([...busy.value]).toEqual(['a', 'b'])
    ends[0]!()
    expect(await first).toBe(true)
    expect([...busy.value]).toEqual(['b'])
    ends[1]!()
    await second
    expect(ends).toHaveLength(2)
  })

  it('keeps the error of the last action, in words', async () => {
    const { busy, error, run } = useRowActions()
    expect(await run('a', () => Promise.reject(new ApiError(422, 'refused', 'It is filled.', '')))).toBe(false)
    expect([error.value, busy.value.size]).toEqual(['It is filled.', 0])
    await run('a', () => Promise.resolve())
    expect(error.value).toBe('')
  })
})

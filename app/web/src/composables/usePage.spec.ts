import { describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { readPages, usePage } from './usePage'

interface Numbers {
  numbers: number[]
  next_cursor: string | null
}
interface Asked {
  before: string | null
  signal: AbortSignal
  answer: (page: Numbers) => void
  fail: (e: unknown) => void
}

function setUp() {
  const asked: Asked[] = []
  const failed = vi.fn()
  const scope = effectScope()
  const page = scope.run(() =>
    usePage<number, Numbers>({
      read: (before, signal) => new Promise((answer, fail) => asked.push({ before, signal, answer, fail })),
      merge: (shown, p, complete) =>
        complete ? p.numbers : [...new Set([...shown, ...p.numbers])].sort((a, b) => b - a),
      failed,
    }),
  )!
  const answer = async (i: number, numbers: number[], next_cursor: string | null) => {
    asked[i]!.answer({ numbers, next_cursor })
    await new Promise((r) => setTimeout(r))
  }
  return { asked, failed, scope, page, answer }
}

describe('usePage', () => {
  it('reads the newest page, and older ones behind it', async () => {
    const { asked, page, answer } = setUp()
    void page.refresh()
    expect(page.loading.value).toBe(true)
    await answer(0, [9, 8], 'before 8')
    expect([page.items.value, page.nextCursor.value, page.loading.value]).toEqual([[9, 8], 'before 8', false])
    void page.older()
    void page.older() // a second click
    expect(asked.map((a) => a.before)).toEqual([null, 'before 8'])
    await answer(1, [7], null)
    expect([page.items.value, page.nextCursor.value]).toEqual([[9, 8, 7], null])
    void page.older()
    expect(asked).toHaveLength(2)
  })

  it('keeps older pages and their cursor when the newest is read again', async () => {
    const { page, answer } = setUp()
    void page.refresh()
    await answer(0, [9, 8], 'before 8')
    void page.older()
    await answer(1, [7, 6], 'before 6')
    void page.refresh()
    await answer(2, [10, 9], 'before 9')
    expect([page.items.value, page.nextCursor.value]).toEqual([[10, 9, 8, 7, 6], 'before 6'])
  })

  it('has the cursor of the first page also where something was shown before it came', async () => {
    const { page, answer } = setUp()
    void page.refresh()
    page.items.value = [10]
    await answer(0, [9], 'before 9')
    expect(page.nextCursor.value).toBe('before 9')
  })

  it('lets a page that is all there is take the place of what is shown', async () => {
    const { page, answer } = setUp()
    void page.refresh()
    await answer(0, [9, 8], 'before 8')
    void page.refresh()
    await answer(1, [9], null)
    expect([page.items.value, page.nextCursor.value]).toEqual([[9], null])
  })

  it('drops what arrives late, be it an answer or a failure', async () => {
    const { asked, failed, page, answer } = setUp()
    void page.refresh()
    void page.refresh()
    expect(asked[0]!.signal.aborted).toBe(true)
    await answer(0, [1], null)
    expect([page.items.value, page.loading.value]).toEqual([[], true])
    page.reset()
    await answer(1, [2], null)
    void page.refresh()
    page.reset()
    asked[2]!.fail(new Error('late'))
    await answer(2, [3], null)
    expect([page.items.value, page.loading.value]).toEqual([[], false])
    expect(failed).not.toHaveBeenCalled()
  })

  it('hands a failure on, and ends with its scope', async () => {
    const { asked, failed, scope, page, answer } = setUp()
    void page.refresh()
    asked[0]!.fail(new Error('refused'))
    await new Promise((r) => setTimeout(r))
    expect([failed.mock.calls.length, page.loading.value]).toEqual([1, false])
    void page.refresh()
    scope.stop()
    await answer(1, [1], null)
    expect(page.items.value).toEqual([])
  })
})

describe('readPages', () => {
  const pages: Numbers[] = [
    { numbers: [9, 8], next_cursor: '8' },
    { numbers: [7, 6], next_cursor: '6' },
    { numbers: [5], next_cursor: null },
  ]
  const read = (before: string | null) =>
    Promise.resolve(pages.find((p) => before === null || p.numbers[0]! < Number(before))!)
  it.each([
    [0, 3],
    [7, 2],
    [9, 1],
  ])('reads as far as is wanted: to %i', async (last, count) => {
    const found = await readPages(read, (p) => p.numbers.at(-1)! > last)
    expect(found).toEqual(pages.slice(0, count))
  })
})

import { expect, it } from 'vitest'
import { Teller } from './teller'

/** What of Web Locks several tabs share. */
class Locks {
  held: { name: string; mode: string }[] = []
  private waiting: (() => void)[] = []

  async request(name: string, ...rest: unknown[]) {
    const run = rest.at(-1) as () => Promise<void>
    const { mode = 'exclusive', signal } = (rest.length > 1 ? rest[0] : {}) as { mode?: string; signal?: AbortSignal }
    while (this.held.some((lock) => lock.name === name && (mode === 'exclusive' || lock.mode === 'exclusive'))) {
      await new Promise<void>((go) => this.waiting.push(go))
      if (signal?.aborted) throw new DOMException('over', 'AbortError')
    }
    const lock = { name, mode }
    this.held.push(lock)
    await run()
    this.held = this.held.filter((one) => one !== lock)
    for (const go of this.waiting.splice(0)) go()
  }
  query = () => Promise.resolve({ held: this.held })
}
const settled = () => new Promise((done) => setTimeout(done))

it('lets one of a user’s tabs tell, and the next one when that is gone', async () => {
  const locks = new Locks()
  const tab = (user = 'u') => new Teller(user, locks as unknown as LockManager)
  const [one, two, others] = [tab(), tab(), tab('v')]
  await settled()
  expect([one.is, two.is, others.is]).toEqual([true, false, true])
  one.end()
  await settled()
  await settled()
  expect([one.is, two.is]).toEqual([false, true])
  two.end()
})

it('knows whether somebody sees one of the user’s tabs', async () => {
  const locks = new Locks()
  const [one, two] = [
    new Teller('u', locks as unknown as LockManager),
    new Teller('u', locks as unknown as LockManager),
  ]
  one.see(false)
  two.see(true)
  await settled()
  expect(await one.isSeen()).toBe(true)
  expect(await new Teller('v', locks as unknown as LockManager).isSeen()).toBe(false)
  two.see(false)
  await settled()
  expect(await one.isSeen()).toBe(false)
  two.see(true)
  await settled()
  two.end() // who has signed out sees nothing
  await settled()
  expect(await one.isSeen()).toBe(false)
})

import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { ApiError } from '../api'
import { IdempotencyKey } from '../idempotency'
import { useSubmit } from './useSubmit'

interface Sent {
  key: string
  answer: (text: string) => void
  fail: (e: unknown) => void
}

function setUp(options?: Parameters<typeof useSubmit>[0]) {
  const sent: Sent[] = []
  const send = (key: string) => new Promise<string>((answer, fail) => sent.push({ key, answer, fail }))
  return { sent, send, done: vi.fn(), ...useSubmit(options) }
}

describe('useSubmit', () => {
  it('sends once while it is busy, and hands the answer on', async () => {
    const { sent, send, done, busy, submit } = setUp()
    const first = submit('order', send, done)
    await submit('order', send, done)
    expect([sent.length, busy.value]).toEqual([1, true])
    sent[0]!.answer('placed')
    await first
    expect([done.mock.calls, busy.value]).toEqual([[['placed']], false])
  })

  it('keeps the error until the next try', async () => {
    const { sent, send, done, error, submit } = setUp()
    const refusal = new ApiError(422, 'refused', 'No.', '')
    const first = submit('order', send, done)
    sent[0]!.fail(refusal)
    await first
    expect(error.value).toBe(refusal)
    expect(done).not.toHaveBeenCalled()
    void submit('order', send)
    expect(error.value).toBeNull()
  })

  it.each([
    ['keeps the key of a request whose fate is unknown', new ApiError(0, 'unreachable', '', ''), true],
    ['takes another key after a refusal', new ApiError(422, 'refused', '', ''), false],
    ['takes another key after success', null, false],
  ])('%s', async (_, failure, same) => {
    const { sent, send, submit } = setUp()
    const first = submit({ qty: '7' }, send)
    if (failure) sent[0]!.fail(failure)
    else sent[0]!.answer('')
    await first
    void submit({ qty: '7' }, send)
    expect(sent[0]!.key === sent[1]!.key).toBe(same)
  })

  it('shares a key that is kept outside', async () => {
    const key = new IdempotencyKey()
    const [a, b] = [setUp({ key }), setUp({ key })]
    void a.submit('close', a.send)
    void b.submit('close', b.send)
    expect(a.sent[0]!.key).toBe(b.sent[0]!.key)
  })

  it('drops what comes once it is about something else', async () => {
    const account = ref('a')
    const { sent, send, done, busy, error, submit } = setUp({ subject: () => account.value })
    for (const end of [(s: Sent) => s.answer('late'), (s: Sent) => s.fail(new Error('late'))]) {
      account.value = 'a'
      const sending = submit('order', send, done)
      account.value = 'b'
      end(sent.at(-1)!)
      await sending
    }
    expect(done).not.toHaveBeenCalled()
    expect([error.value, busy.value]).toEqual([null, false])
  })
})

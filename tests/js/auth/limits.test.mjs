// Who asks too often is told so as by a real Better Auth server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { password, sides } from './sides.mjs'

let two
before(async () => { two = await sides({ paddock: process.env.LIMITED_URL, options: { rateLimit: { enabled: true } } }) })
after(() => two.close())

test('what tries a password, three times in ten seconds each', async (t) => {
  for (const [path, body] of [['sign-in/email', { email: 'nonsense', password }], ['sign-up/email', {}], ['change-password', {}], ['change-email', {}], ['sign-in/social', {}]]) {
    await t.test(path, async () => {
      const asked = await Promise.all([1, 2, 3].map(() => two.ask('POST', path, body)))
      assert.ok(asked.flat().every((answer) => answer.status !== 429))
      const refused = await two.same('POST', path, body)
      assert.equal(refused.status, 429)
      assert.equal(refused.headers['x-retry-after'], '(1 to 10)')
    })
  }
})

for (const path of ['request-password-reset', 'send-verification-email']) {
  test(`what sends a mail, three times in a minute: ${path}`, async () => {
    const asked = await Promise.all([1, 2, 3].map(() => two.ask('POST', path, { email: 'nonsense' })))
    assert.ok(asked.flat().every((answer) => answer.status !== 429))
    const refused = await Promise.all(two.both.map((s) => s.call('POST', path, { email: 'nonsense' })))
    for (const { status, headers } of refused) assert.deepEqual([status, Number(headers['x-retry-after']) > 10, Number(headers['x-retry-after']) <= 60], [429, true, true])
  })
}

test('the rest, a hundred times', async () => {
  const asked = await Promise.all(Array.from({ length: 100 }, () => two.ask('GET', 'ok')))
  assert.ok(asked.flat().every((answer) => answer.status === 200))
  assert.equal((await two.same('GET', 'ok')).status, 429)
  assert.equal((await two.same('GET', 'get-session')).status, 200, 'each path counts for itself')
})

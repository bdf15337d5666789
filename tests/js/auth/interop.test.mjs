// Users and sessions of a real Better Auth server and of Paddock, on the same
// database and with the same secret, are each other's.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { getMigrations } from 'better-auth/db/migration'
import { browser } from './browser.mjs'
import { realServer } from './real.mjs'

let real
const paddock = process.env.BASE_URL
before(async () => { real = await realServer() })
after(() => real.close())

test('its own migrations would add nothing to our tables', async () => {
  const { toBeCreated, toBeAdded } = await getMigrations(real.options)
  assert.deepEqual([toBeCreated, toBeAdded], [[], []])
})

for (const [maker, other] of [['paddock', 'real'], ['real', 'paddock']]) {
  test(`what ${maker} makes, ${other} accepts`, async () => {
    const at = (name) => (name === 'real' ? real.base : paddock)
    const a = browser(at(maker))
    const b = browser(at(other))
    const email = `${maker}-${Date.now()}@example.com`
    const up = await a.call('POST', 'sign-up/email', { name: 'Both', email, password: 'correct horse 2' })
    assert.equal(up.status, 200)

    for (const [k, v] of a.jar) b.jar.set(k, v)
    const seen = await b.call('GET', 'get-session')
    assert.equal(seen.json.user.email, email, 'the session of one is a session of the other')

    const c = browser(at(other))
    assert.equal((await c.call('POST', 'sign-in/email', { email, password: 'correct horse 2' })).status, 200)
    assert.equal((await c.call('POST', 'change-password', { currentPassword: 'correct horse 2', newPassword: 'ünïcode ﬁ password' })).status, 200)
    const d = browser(at(maker))
    assert.equal((await d.call('POST', 'sign-in/email', { email, password: 'correct horse 2' })).status, 401)
    assert.equal((await d.call('POST', 'sign-in/email', { email, password: 'ünïcode fi password' })).status, 200, 'passwords are NFKC-normalised by both')

    assert.equal((await b.call('POST', 'sign-out', {})).status, 200)
    assert.equal((await a.call('GET', 'get-session')).json, null, 'signing out at one ends the session at the other')
  })
}

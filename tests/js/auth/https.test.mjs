// Over https the cookies are Secure and prefixed, as a real Better Auth
// server's are, and plain ones are not taken.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { password, sides } from './sides.mjs'

let two
before(async () => { two = await sides({ paddock: process.env.SECURE_URL, origin: process.env.SECURE_ORIGIN }) })
after(() => two.close())

test('step by step', async (t) => {
  for (const [name, ...step] of [
    ['sign-up', 'POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password }],
    ['get-session', 'GET', 'get-session'],
    ['update-user', 'POST', 'update-user', { name: 'x' }],
    ['from a page over http', 'POST', 'update-user', { name: 'x' }, { headers: { Origin: 'http://HOST' } }],
    ['sign-out', 'POST', 'sign-out', {}],
    ['sign-in, not remembered', 'POST', 'sign-in/email', { email: 'EMAIL', password, rememberMe: false }],
    ['get-session, not remembered', 'GET', 'get-session'],
    ['sign-in, remembered', 'POST', 'sign-in/email', { email: 'EMAIL', password }],
  ]) await t.test(name, () => two.same(...step))
  for (const s of two.both) {
    const cookie = s.jar.get('__Secure-better-auth.session_token')
    assert.ok(cookie)
    const plain = await s.call('GET', 'get-session', undefined, { headers: { Cookie: `better-auth.session_token=${cookie}` } })
    assert.equal(plain.json, null, 'a plain cookie is none')
  }
})

// The same requests to Paddock and to a real Better Auth server are answered
// alike: status, body (ids, tokens and times masked), cookies and headers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, realServer } from './real.mjs'

let real
before(async () => { real = await realServer() })
after(() => real.close())

const email = `same-${Date.now()}@example.com`
const password = 'a password for two'

// Each step: [name, method, path, body, options]. $TOKEN is the caller's own.
const steps = [
  ['ok', 'GET', 'ok'],
  ['no session', 'GET', 'get-session'],
  ['list without session', 'GET', 'list-sessions'],
  ['revoke without session', 'POST', 'revoke-sessions', {}],
  ['update without session', 'POST', 'update-user', { name: 'x' }],
  ['sign-up without fields', 'POST', 'sign-up/email', {}],
  ['sign-up with a bad email', 'POST', 'sign-up/email', { name: 'N', email: 'nonsense', password }],
  ['sign-up with a short password', 'POST', 'sign-up/email', { name: 'N', email: 'short-EMAIL', password: 'short' }],
  ['sign-up with too short a password', 'POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password: 'short' }],
  ['sign-up with too long a password', 'POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password: 'x'.repeat(129) }],
  ['sign-up with numbers', 'POST', 'sign-up/email', { name: 1, email: 2, password: 3 }],
  ['sign-up', 'POST', 'sign-up/email', { name: 'Same', email: 'EMAIL', password, role: 'admin', emailVerified: true }],
  ['sign-up again', 'POST', 'sign-up/email', { name: 'Same', email: 'EMAIL', password }],
  ['get-session', 'GET', 'get-session'],
  ['get-session without refresh', 'GET', 'get-session?disableRefresh=true'],
  ['list-sessions', 'GET', 'list-sessions'],
  ['update-user', 'POST', 'update-user', { name: 'Other', image: 'https://example.com/i.png' }],
  ['get-session after the update', 'GET', 'get-session'],
  ['update-user with an email', 'POST', 'update-user', { email: 'x@example.com' }],
  ['change-password, wrong', 'POST', 'change-password', { currentPassword: 'not this one', newPassword: 'x'.repeat(10) }],
  ['change-password, too short', 'POST', 'change-password', { currentPassword: password, newPassword: 'x' }],
  ['change-password', 'POST', 'change-password', { currentPassword: password, newPassword: 'new ' + password }],
  ['change-password and revoke', 'POST', 'change-password', { currentPassword: 'new ' + password, newPassword: password, revokeOtherSessions: true }],
  ['get-session after the change', 'GET', 'get-session'],
  ['a POST without an Origin', 'POST', 'sign-out', {}, { headers: { Origin: null } }],
  ['a POST with a null Origin', 'POST', 'sign-out', {}, { headers: { Origin: 'null' } }],
  ['a POST of another site', 'POST', 'sign-out', {}, { headers: { Origin: 'https://evil.example' } }],
  ['a sign-in of another site', 'POST', 'sign-in/email', { email: 'EMAIL', password }, { headers: { Origin: 'https://evil.example' } }],
  ['GET of a POST', 'GET', 'sign-out'],
  ['POST of get-session', 'POST', 'get-session', {}],
  ['sign-out', 'POST', 'sign-out', {}],
  ['get-session after it', 'GET', 'get-session'],
  ['sign-in, wrong password', 'POST', 'sign-in/email', { email: 'EMAIL', password: 'wrong password' }],
  ['sign-in, unknown email', 'POST', 'sign-in/email', { email: 'nobody@example.com', password }],
  ['sign-in, malformed email', 'POST', 'sign-in/email', { email: 'nonsense', password }],
  ['sign-in without fields', 'POST', 'sign-in/email', {}],
  ['sign-in with text', 'POST', 'sign-in/email', 'hello', { raw: true, headers: { 'Content-Type': 'text/plain' } }],
  ['sign-in with an untrusted callback', 'POST', 'sign-in/email', { email: 'EMAIL', password, callbackURL: 'https://evil.example/' }],
  ['sign-in with a callback', 'POST', 'sign-in/email', { email: 'EMAIL', password, callbackURL: '/desk' }],
  ['sign-in, not remembered', 'POST', 'sign-in/email', { email: 'EMAIL', password, rememberMe: false }],
  ['get-session, not remembered', 'GET', 'get-session'],
  ['sign-in by form', 'POST', 'sign-in/email', 'FORM', { raw: true, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }],
  ['revoke-session of none', 'POST', 'revoke-session', { token: 'nonsense' }],
  ['revoke-session without a token', 'POST', 'revoke-session', {}],
  ['revoke-other-sessions', 'POST', 'revoke-other-sessions', {}],
  ['revoke-session, own', 'POST', 'revoke-session', { token: '$TOKEN' }],
  ['get-session after the revocation', 'GET', 'get-session'],
  ['sign-in once more', 'POST', 'sign-in/email', { email: 'EMAIL', password }],
  ['revoke-sessions', 'POST', 'revoke-sessions', {}],
  ['get-session after all are gone', 'GET', 'get-session'],
]

/** The address is masked too: the real server, without a proxy, records none. */
function mask(value) {
  if (Array.isArray(value)) return value.map(mask)
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).sort().map(([k, v]) => [k, k === 'ipAddress' ? '(address)' : ['id', 'token', 'userId'].includes(k) && typeof v === 'string' ? `(${v.length} characters)` : mask(v)]))
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return '(time)'
  return value
}

function shape(answer, base) {
  return {
    status: answer.status,
    body: mask(JSON.parse(JSON.stringify(answer.json).replaceAll(base, 'BASE'))),
    cookies: answer.cookies.map((c) => c.replace(/=[^;]*/, '=…').split('; ').sort().join('; ').replace(/max-age/i, 'Max-Age')).sort(),
    cache: answer.headers.get('cache-control'),
  }
}

test('side by side', async (t) => {
  const sides = [{ name: 'paddock', base: process.env.BASE_URL }, { name: 'real', base: real.base }]
  for (const s of sides) Object.assign(s, browser(s.base), { email: email.replace('same', s.name) })
  for (const [name, method, path, body, options = {}] of steps) {
    await t.test(name, async () => {
      const [ours, theirs] = await Promise.all(sides.map(async (s) => {
        const token = decodeURIComponent(s.jar.get('better-auth.session_token') ?? '').split('.')[0]
        let sent = typeof body === 'object' ? JSON.parse(JSON.stringify(body).replaceAll('EMAIL', s.email).replaceAll('$TOKEN', token)) : body
        if (sent === 'FORM') sent = new URLSearchParams({ email: s.email, password }).toString()
        const shaped = shape(await s.call(method, path, sent, options), s.base)
        return JSON.parse(JSON.stringify(shaped).replaceAll(s.email, 'EMAIL'))
      }))
      // Our 415 and 405 bodies may differ in words; their status may not.
      if ([405, 415].includes(theirs.status)) assert.equal(ours.status, theirs.status)
      else assert.deepEqual(ours, theirs)
    })
  }
})

// Each endpoint of Paddock answers as a real Better Auth server does: status,
// body (ids, tokens and times masked), cookies and headers.
import { after, before, test } from 'node:test'
import { password, sides } from './sides.mjs'

let two
before(async () => { two = await sides() })
after(() => two.close())

const next = 'another ' + password
const signIn = { email: 'EMAIL', password }

// Each step: [name, method, path, body, options].
const steps = [
  ['ok', 'GET', 'ok'],
  ['get-session without a cookie', 'GET', 'get-session'],
  ['list-sessions without a session', 'GET', 'list-sessions'],
  ['revoke-session without a session', 'POST', 'revoke-session', { token: 'x' }],
  ['revoke-sessions without a session', 'POST', 'revoke-sessions', {}],
  ['revoke-other-sessions without a session', 'POST', 'revoke-other-sessions', {}],
  ['update-user without a session', 'POST', 'update-user', { name: 'x' }],
  ['change-password without a session', 'POST', 'change-password', { currentPassword: password, newPassword: next }],
  ['sign-out without a session', 'POST', 'sign-out', {}],

  ['sign-up with fields that it does not know', 'POST', 'sign-up/email', { name: 'Same', ...signIn, role: 'admin', emailVerified: true, id: 'mine', createdAt: '2000-01-01' }],
  ['sign-up again', 'POST', 'sign-up/email', { name: 'Same', ...signIn }],
  ['sign-up again in capitals', 'POST', 'sign-up/email', { name: 'Same', ...signIn, email: 'EMAIL_IN_CAPITALS' }],
  ['get-session', 'GET', 'get-session'],
  ['list-sessions', 'GET', 'list-sessions'],

  ['update-user', 'POST', 'update-user', { name: 'Other', image: 'https://example.com/i.png' }],
  ['get-session after the update', 'GET', 'get-session'],
  ['update-user of the name alone', 'POST', 'update-user', { name: '' }],
  ['update-user that takes the image back', 'POST', 'update-user', { image: null }],
  ['get-session without an image', 'GET', 'get-session'],
  ['update-user of nothing', 'POST', 'update-user', {}],
  ['update-user of fields that it does not know', 'POST', 'update-user', { role: 'admin', emailVerified: true }],
  ['update-user of fields that it does not know, beside a name', 'POST', 'update-user', { name: 'Third', role: 'admin', emailVerified: true, id: 'x', createdAt: '2000-01-01' }],
  ['update-user of the email', 'POST', 'update-user', { email: 'x@example.com', name: 'x' }],
  ['update-user of an empty email', 'POST', 'update-user', { email: '', name: 'Fourth' }],
  ['get-session after all updates', 'GET', 'get-session'],

  ['change-password, wrong', 'POST', 'change-password', { currentPassword: 'not this one', newPassword: next }],
  ['change-password, to one that is too short', 'POST', 'change-password', { currentPassword: password, newPassword: 'x' }],
  ['change-password, to one that is too long', 'POST', 'change-password', { currentPassword: password, newPassword: 'x'.repeat(129) }],
  ['change-password, from one that is too long', 'POST', 'change-password', { currentPassword: 'x'.repeat(129), newPassword: next }],
  ['change-password, wrong and too short', 'POST', 'change-password', { currentPassword: 'not this one', newPassword: 'x' }],
  ['change-password', 'POST', 'change-password', { currentPassword: password, newPassword: next }],
  ['get-session after the change', 'GET', 'get-session'],
  ['change-password and revoke', 'POST', 'change-password', { currentPassword: next, newPassword: password, revokeOtherSessions: true }],
  ['get-session after the revocation', 'GET', 'get-session'],
  ['list-sessions after the revocation', 'GET', 'list-sessions'],

  ['sign-out', 'POST', 'sign-out', {}],
  ['get-session after it', 'GET', 'get-session'],
  ['sign-in, wrong password', 'POST', 'sign-in/email', { email: 'EMAIL', password: 'wrong password' }],
  ['sign-in, old password', 'POST', 'sign-in/email', { email: 'EMAIL', password: next }],
  ['sign-in, empty password', 'POST', 'sign-in/email', { email: 'EMAIL', password: '' }],
  ['sign-in, unknown email', 'POST', 'sign-in/email', { email: 'nobody@example.com', password }],
  ['sign-in, malformed email', 'POST', 'sign-in/email', { email: 'nonsense', password }],
  ['sign-in, password too long', 'POST', 'sign-in/email', { email: 'EMAIL', password: 'x'.repeat(129) }],
  ['sign-in, unknown email and a password too long', 'POST', 'sign-in/email', { email: 'nobody@example.com', password: 'x'.repeat(129) }],
  ['sign-in', 'POST', 'sign-in/email', signIn],
  ['sign-in when signed in', 'POST', 'sign-in/email', signIn],
  ['list-sessions of several', 'GET', 'list-sessions'],
  ['revoke-session of none', 'POST', 'revoke-session', { token: 'nonsense' }],
  ['revoke-session of an empty token', 'POST', 'revoke-session', { token: '' }],
  ['get-session, as it is still there', 'GET', 'get-session'],
  ['revoke-other-sessions', 'POST', 'revoke-other-sessions', {}],
  ['list-sessions of one', 'GET', 'list-sessions'],
  ['revoke-session, own', 'POST', 'revoke-session', { token: '$TOKEN' }],
  ['get-session after its end', 'GET', 'get-session'],
  ['sign-in once more', 'POST', 'sign-in/email', signIn],
  ['revoke-sessions', 'POST', 'revoke-sessions', {}],
  ['get-session after all are gone', 'GET', 'get-session'],

  ...['sign-in/social', 'link-social'].flatMap((path) => [undefined, {}, [], 'null', { provider: 1 }, { provider: 'google' }, { provider: 'nonsense' }, { provider: 'google', callbackURL: 'https://evil.example' }].flatMap((body) => [
    [`${path} ${JSON.stringify(body)}, which is off`, 'POST', path, body],
    [`${path} ${JSON.stringify(body)}, which is off, without a cookie`, 'POST', path, body, { cookies: false }],
  ])),

  ['an unknown path', 'GET', 'nonsense'],
  ['an unknown path, POST', 'POST', 'nonsense', {}],
  ['no path', 'GET', ''],
  ['a slash too many at the end', 'GET', 'ok/'],
  ['a slash too many', 'GET', '/ok'],
  ['another case', 'GET', 'OK'],
  ['GET of sign-out', 'GET', 'sign-out'],
  ['GET of sign-in', 'GET', 'sign-in/email'],
  ['POST of ok', 'POST', 'ok', {}],
  ['POST of list-sessions', 'POST', 'list-sessions', {}],
  ['POST of get-session', 'POST', 'get-session', {}],
  ['POST of get-session without a body', 'POST', 'get-session'],
  ['PUT', 'PUT', 'update-user', { name: 'x' }],
  ['DELETE', 'DELETE', 'sign-out'],
  ['PATCH', 'PATCH', 'update-user', { name: 'x' }],
  ['OPTIONS', 'OPTIONS', 'sign-in/email'],
  ['HEAD', 'HEAD', 'ok'],
]

test('endpoint by endpoint', async (t) => {
  for (const [name, ...step] of steps) await t.test(name, () => two.same(...step))
})

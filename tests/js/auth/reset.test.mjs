// A password is reset as by a real Better Auth server that keeps tokens hashed and
// ends sessions with a reset; and tokens of the one reset passwords at the other.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthClient } from 'better-auth/client'
import { password, sides } from './sides.mjs'

const mails = new Map() // of the real server: address to link
const next = 'another ' + password
let two
before(async () => {
  two = await sides({
    paddock: process.env.MAIL_URL,
    options: {
      verification: { storeIdentifier: 'hashed' },
      emailAndPassword: { enabled: true, revokeSessionsOnPasswordReset: true, sendResetPassword: async ({ user, url }) => { mails.set(user.email, url) } },
    },
  })
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password })
})
after(() => two.close())

/** The link that was mailed to each side's user since the last call. */
async function links() {
  const ours = (await (await fetch(process.env.MAILS_URL + '?to=' + two.both[0].email)).text()).match(/http\S*reset-password\S*/)[0]
  return [ours, mails.get(two.both[1].email)]
}
const tokenOf = (link) => new URL(link).pathname.split('/').pop()
/** Asks for a reset and gives each side its token. */
async function tokens(redirectTo) {
  await two.same('POST', 'request-password-reset', { email: 'EMAIL', ...(redirectTo ? { redirectTo } : {}) })
  const found = await links()
  found.forEach((link, i) => { two.both[i].reset = tokenOf(link) })
  return found
}
/** Asks both with their own token in place of RESET. */
async function same(method, path, body) {
  const answers = await Promise.all(two.both.map(async (s) => {
    const fill = (v) => v && JSON.parse(JSON.stringify(v).replaceAll('RESET', s.reset))
    const { status, json, headers } = await s.call(method, fill(path), fill(body))
    const location = headers.location?.replaceAll(s.origin, 'BASE').replaceAll(s.reset, 'RESET')
    return { status, json, location, type: headers['content-type'] }
  }))
  assert.deepEqual(answers[0], answers[1])
  return answers[0]
}

test('what is asked for', async (t) => {
  two.forget()
  const bodies = [undefined, {}, [], { email: 1 }, { email: 'nonsense' }, { email: '' }, { email: 'nobody@example.com' }, { email: 'EMAIL_IN_CAPITALS' }, { email: 'EMAIL', redirectTo: 1 },
    { email: 'EMAIL', redirectTo: '/reset' }, { email: 'EMAIL', redirectTo: 'https://evil.example/x' }, { email: 'nobody@example.com', redirectTo: 'https://evil.example/x' },
    { email: 'EMAIL', redirectTo: '//evil.example' }, { email: 'EMAIL', redirectTo: 'https://trusted.example/x?a=b' }, { email: 'EMAIL', redirectTo: '' }]
  for (const body of bodies) await t.test(JSON.stringify(body) ?? 'no body', () => two.same('POST', 'request-password-reset', body))
  await t.test('GET', () => two.same('GET', 'request-password-reset'))
})

test('the link has the same form', async () => {
  for (const redirectTo of [undefined, '/reset?x=1&y=ü', 'https://trusted.example/x']) {
    const [ours, theirs] = (await tokens(redirectTo)).map((link, i) => link.replace(two.both[i].origin, 'BASE').replace(tokenOf(link), 'TOKEN'))
    assert.equal(decodeURIComponent(ours.replaceAll('+', ' ')), decodeURIComponent(theirs))
    assert.match(two.both[0].reset, /^[A-Za-z0-9]{24}$/)
  }
})

test('following the link', async (t) => {
  await tokens()
  for (const path of ['reset-password/RESET', 'reset-password/RESET?callbackURL=', 'reset-password/RESET?callbackURL=/reset', 'reset-password/RESET?callbackURL=/reset%3Fx%3D1', 'reset-password/guessed?callbackURL=/reset',
    'reset-password/guessed?callbackURL=', 'reset-password/RESET?callbackURL=https://evil.example', 'reset-password/RESET?callbackURL=https://trusted.example/x', 'reset-password/RESET?callbackURL=//evil.example',
    'reset-password/RESET/x?callbackURL=/reset', 'reset-password/?callbackURL=/reset', 'reset-password?callbackURL=/reset']) {
    await t.test(path, () => same('GET', path))
  }
  await t.test('POST of it', () => same('POST', 'reset-password/RESET?callbackURL=/reset', {}))
})

test('the new password', async (t) => {
  await tokens()
  for (const body of [undefined, {}, [], { newPassword: next }, { newPassword: next, token: '' }, { newPassword: next, token: 'guessed' }, { newPassword: 1, token: 'RESET' }, { newPassword: next, token: 1 },
    { newPassword: 'short', token: 'RESET' }, { newPassword: 'x'.repeat(129), token: 'RESET' }, { newPassword: 'short', token: 'guessed' }, { token: 'RESET' }]) {
    await t.test(JSON.stringify(body)?.slice(0, 70) ?? 'no body', () => same('POST', 'reset-password', body))
  }
  await two.same('POST', 'sign-in/email', { email: 'EMAIL', password })
  assert.ok((await two.same('GET', 'get-session')).body)
  await t.test('set', () => same('POST', 'reset-password', { newPassword: next, token: 'RESET' }))
  await t.test('the session has ended', () => two.same('GET', 'get-session'))
  await t.test('a second time', () => same('POST', 'reset-password', { newPassword: next, token: 'RESET' }))
  await t.test('the old password', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password }))
  await t.test('the new one', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password: next }))
  await t.test('the link is dead', () => same('GET', 'reset-password/RESET?callbackURL=/reset'))
  await tokens()
  await t.test('by the query', () => same('POST', 'reset-password?token=RESET', { newPassword: password }))
  await tokens()
  await two.sql(`update verification set "expiresAt" = now() - interval '1 s' where value = (select id from "user" where email = $1)`)
  await t.test('expired', () => same('POST', 'reset-password', { newPassword: next, token: 'RESET' }))
  await tokens()
  await two.sql(`delete from account where "userId" = (select id from "user" where email = $1)`)
  await t.test('of a user who had none', () => same('POST', 'reset-password', { newPassword: next, token: 'RESET' }))
  await t.test('and signs in', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password: next }))
})

test('tokens are kept as digests, and each side takes those of the other', async () => {
  await tokens()
  const rows = await two.sql(`select identifier, value = (select id from "user" where email = $1) as own, round(extract(epoch from "expiresAt" - now()) / 60)::int as minutes from verification where value = (select id from "user" where email = $1)`)
  for (const [i, of] of rows.entries()) {
    assert.deepEqual([of.length > 0, of.at(-1).own, of.at(-1).minutes], [true, true, 60])
    for (const row of of) assert.ok(!row.identifier.includes(two.both[i].reset) && !row.identifier.includes('reset'))
  }
  for (const [from, to] of [[0, 1], [1, 0]]) {
    const answer = await two.both[to].call('POST', 'reset-password', { newPassword: password, token: two.both[from].reset })
    assert.equal(answer.status, 200)
    assert.equal((await two.both[from].call('POST', 'sign-in/email', { email: two.both[from].email, password })).status, 200)
  }
})

test("with the npm client", async () => {
  const client = createAuthClient({ baseURL: process.env.MAIL_URL, fetchOptions: { headers: { Origin: process.env.MAIL_URL } } })
  assert.equal((await client.requestPasswordReset({ email: two.both[0].email, redirectTo: '/reset' })).data.status, true)
  const token = tokenOf((await links())[0])
  assert.equal((await client.resetPassword({ newPassword: next, token: 'guessed' })).error.code, 'INVALID_TOKEN')
  assert.equal((await client.resetPassword({ newPassword: next, token })).data.status, true)
  assert.equal((await client.signIn.email({ email: two.both[0].email, password: next })).error, null)
})

test('without mail', async () => {
  const none = await sides()
  for (const body of [{ email: 'nobody@example.com' }, {}, { email: 'x' }]) await none.same('POST', 'request-password-reset', body)
  await none.close()
})

test('closed to new users', async () => {
  const closed = await sides({ paddock: process.env.CLOSED_URL, options: { emailAndPassword: { enabled: true, disableSignUp: true } } })
  for (const body of [{ name: 'N', email: 'EMAIL', password }, { name: 'N', email: 'nonsense', password }, { name: 'N', email: 'EMAIL', password: 'x' }, {}]) await closed.same('POST', 'sign-up/email', body)
  await closed.close()
})

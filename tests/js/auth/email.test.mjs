// Addresses are verified and changed as by a real Better Auth server that confirms a
// change at the old address first; and the links of the one work at the other.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthClient } from 'better-auth/client'
import { createEmailVerificationToken } from 'better-auth/api'
import { browser } from './browser.mjs'
import { password, sides } from './sides.mjs'

const mails = new Map() // of the real server: address to link
const take = async (to, url) => { mails.set(to, url) }
const real = (more = {}) => ({
  emailVerification: { sendVerificationEmail: ({ user, url }) => take(user.email, url) },
  user: { changeEmail: { enabled: true, sendChangeEmailConfirmation: ({ user, url }) => take(user.email, url) } },
  ...more,
})
let two
before(async () => {
  two = await sides({ paddock: process.env.MAIL_URL, options: real() })
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password })
})
after(() => two.close())

/** What Paddock mailed to an address, which it does not wait for. */
const mailed = async (to) => (await (await fetch(process.env.MAILS_URL + '?to=' + encodeURIComponent(to), { signal: AbortSignal.timeout(20_000) })).text()).match(/http\S*verify-email\S*/)[0]
/** The link that was mailed last to a side's address, which begins so. */
async function link(i, prefix = '') {
  const to = prefix + two.both[i].email
  if (i === 1) return mails.get(to)
  return mailed(to)
}
const links = (prefix) => Promise.all([0, 1].map((i) => link(i, prefix)))
const tokenOf = (url) => new URL(url).searchParams.get('token')
const payload = (url) => JSON.parse(Buffer.from(tokenOf(url).split('.')[1], 'base64url'))
/** Asks both with their own token in place of LINK. */
async function follow(tokens, query = 'token=LINK&callbackURL=/profile', options) {
  const answers = await Promise.all(two.both.map(async (s, i) => {
    const { status, json, headers, cookies } = await s.call('GET', 'verify-email?' + query.replaceAll('LINK', tokens[i]), undefined, options)
    const body = JSON.parse(JSON.stringify(json).replaceAll(s.email, 'EMAIL'))
    if (body?.user) for (const name of ['id', 'createdAt', 'updatedAt']) body.user[name] = typeof body.user[name]
    return { status, body, location: headers.location?.replaceAll(s.origin, 'BASE'), type: headers['content-type'], cookies: cookies.map((c) => c.split('=')[0]).sort() }
  }))
  assert.deepEqual(answers[0], answers[1])
  return answers[0]
}
const verified = async (value) => two.sql(`update "user" set "emailVerified" = ${value} where email = $1`)
const stored = async () => {
  const rows = await two.sql(`select "emailVerified" as verified from "user" where email = $1`)
  assert.deepEqual(rows[0], rows[1])
  return rows[0][0]?.verified
}
const sign = (i, updateTo, more, expiresIn) => createEmailVerificationToken(process.env.SECRET, two.both[i].email, updateTo, expiresIn, more)
const ids = async () => (await two.sql(`select id from "user" where email = $1`)).map((rows) => rows[0]?.id)

test('asking for a link', async (t) => {
  const bodies = [undefined, {}, [], { email: 1 }, { email: 'nonsense' }, { email: '' }, { email: 'nobody@example.com' }, { email: 'EMAIL_IN_CAPITALS' }, { email: 'EMAIL', callbackURL: 1 },
    { email: 'EMAIL', callbackURL: '/x' }, { email: 'EMAIL', callbackURL: 'https://evil.example/x' }, { email: 'nobody@example.com', callbackURL: '//evil.example' }]
  for (const body of bodies) await t.test(`signed in: ${JSON.stringify(body) ?? 'no body'}`, () => two.same('POST', 'send-verification-email', body))
  for (const body of bodies) await t.test(`by anybody: ${JSON.stringify(body) ?? 'no body'}`, () => two.same('POST', 'send-verification-email', body, { cookies: false }))
  await t.test('GET', () => two.same('GET', 'send-verification-email'))
  await verified(true)
  await t.test('verified already', () => two.same('POST', 'send-verification-email', { email: 'EMAIL' }))
  await t.test('verified already, by anybody', () => two.same('POST', 'send-verification-email', { email: 'EMAIL' }, { cookies: false }))
  await verified(false)
})

test('the links have the same form', async () => {
  for (const callbackURL of [undefined, '/x?y=1&z=ü', 'https://trusted.example/x']) {
    await two.same('POST', 'send-verification-email', { email: 'EMAIL', ...(callbackURL ? { callbackURL } : {}) })
    const [ours, theirs] = (await links()).map((url, i) => [url.replace(two.both[i].origin, 'BASE').replace(tokenOf(url), 'TOKEN'), Object.keys(payload(url)).sort(), payload(url).exp - payload(url).iat])
    assert.deepEqual([decodeURIComponent(ours[0].replaceAll('+', ' ')), ...ours.slice(1)], [decodeURIComponent(theirs[0]), ...theirs.slice(1)])
  }
})

test('following a link', async (t) => {
  await two.same('POST', 'send-verification-email', { email: 'EMAIL' })
  const good = (await links()).map(tokenOf)
  for (const query of ['', 'token=', 'token=x', 'callbackURL=/x', 'token=x&callbackURL=/x', 'token=x&callbackURL=/x?a=1%23f', 'token=x&callbackURL=/x?', 'token=x&callbackURL=/x?a%26', 'token=x&callbackURL=https://trusted.example/x',
    'token=x&callbackURL=https://evil.example', 'token=x&callbackURL=//evil.example', 'token=x&callbackURL=', 'token=x&token=y&callbackURL=/x', 'token=x&callbackURL=/x&callbackURL=/y', 'callbackURL=https://evil.example',
    'token=LINKx&callbackURL=/x', 'token=LINK&callbackURL=https://evil.example']) {
    await t.test(query || 'no query', () => follow(good, query))
  }
  await t.test('POST of it', () => two.same('POST', 'verify-email?token=x', {}))
  assert.equal(await stored(), false)
  const late = await Promise.all([0, 1].map((i) => sign(i, undefined, {}, -1)))
  await t.test('expired', () => follow(late))
  await t.test('expired, without a callback', () => follow(late, 'token=LINK'))
  const others = await ids()
  for (const [what, more] of [["another user's", { userId: others[0] + 'x' }], ['of an unknown kind', { userId: 'x', requestType: 'nonsense' }]]) {
    const tokens = await Promise.all([0, 1].map((i) => sign(i, what.includes('kind') ? 'x-' + two.both[i].email : undefined, more)))
    await t.test(what, () => follow(tokens))
  }
  const forged = await Promise.all([0, 1].map((i) => createEmailVerificationToken('another secret of the same length 01234', two.both[i].email)))
  await t.test('signed with another secret', () => follow(forged))
  const nobody = await createEmailVerificationToken(process.env.SECRET, 'nobody-at-all@example.com')
  await t.test("nobody's", () => follow([nobody, nobody]))
  const none = good.map((g) => [Buffer.from('{"alg":"none"}').toString('base64url'), g.split('.')[1], ''].join('.'))
  await t.test('not signed', () => follow(none))
  assert.equal(await stored(), false)
  await t.test('verifies', () => follow(good, undefined, { cookies: false }))
  assert.equal(await stored(), true)
  await t.test('a second time', () => follow(good))
  await t.test('without a callback', () => follow(good, 'token=LINK'))
  await verified(false)
  const bare = await Promise.all([0, 1].map((i) => sign(i)))
  await t.test('one that names no user', () => follow(bare, 'token=LINK'))
  assert.equal(await stored(), true)
})

test('a change of address', async (t) => {
  await verified(false)
  for (const body of [undefined, {}, [], { newEmail: 1 }, { newEmail: 'nonsense' }, { newEmail: 'EMAIL' }, { newEmail: 'EMAIL_IN_CAPITALS' }, { newEmail: 'new-EMAIL', callbackURL: 1 }, { newEmail: 'new-EMAIL', callbackURL: 'https://evil.example' }]) {
    await t.test(JSON.stringify(body) ?? 'no body', () => two.same('POST', 'change-email', body))
    await t.test(`without a session: ${JSON.stringify(body) ?? 'no body'}`, () => two.same('POST', 'change-email', body, { cookies: false }))
  }
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'taken-EMAIL', password }, { cookies: false })
  two.forget()
  await two.same('POST', 'sign-in/email', { email: 'EMAIL', password })
  await t.test('to one that another user has', () => two.same('POST', 'change-email', { newEmail: 'taken-EMAIL' }))
  await t.test('of one that is not verified', async () => {
    await two.same('POST', 'change-email', { newEmail: 'new-EMAIL', callbackURL: '/profile' })
    const sent = await links('new-')
    assert.deepEqual(Object.keys(payload(sent[0])).sort(), Object.keys(payload(sent[1])).sort())
    assert.equal(payload(sent[0]).requestType, payload(sent[1]).requestType)
    const tokens = sent.map(tokenOf)
    const changed = await follow(tokens, 'token=LINK')
    assert.deepEqual([changed.body.user.email, changed.body.user.emailVerified], ['new-EMAIL', false])
    await follow(tokens)
    two.both.forEach((s) => { s.email = 'new-' + s.email })
    await two.same('GET', 'get-session')
  })
  await verified(true)
  await t.test('of one that is', async (t) => {
    await two.same('POST', 'change-email', { newEmail: 'newer-EMAIL', callbackURL: '/profile' })
    const asked = await links()
    assert.equal(payload(asked[0]).requestType, payload(asked[1]).requestType)
    await follow(asked.map(tokenOf))
    const tokens = (await links('newer-')).map(tokenOf)
    await t.test("in another user's browser", async () => {
      const jars = two.both.map((s) => [...s.jar])
      two.forget()
      await two.same('POST', 'sign-up/email', { name: 'N', email: 'third-EMAIL', password })
      await follow(tokens)
      await follow(asked.map(tokenOf))
      two.both.forEach((s, i) => { s.jar.clear(); for (const [k, v] of jars[i]) s.jar.set(k, v) })
    })
    await follow(tokens)
    await follow(asked.map(tokenOf))
    two.both.forEach((s) => { s.email = 'newer-' + s.email })
    assert.equal(await stored(), true)
    await two.same('GET', 'get-session')
  })
  const [a, b] = await ids()
  const gone = await Promise.all([0, 1].map((i) => sign(i, 'x-' + two.both[i].email, { userId: 'gone', requestType: 'change-email-verification' })))
  await t.test('of a user who is gone', () => follow(gone))
  const nobody = await Promise.all([0, 1].map((i) => sign(i, 'x-' + two.both[i].email, { requestType: 'change-email-verification' })))
  await t.test('that names no user', () => follow(nobody))
  assert.ok(a !== b)
})

test('each side takes the links of the other', async () => {
  for (const [from, to] of [[0, 1], [1, 0]]) {
    const s = two.both[from]
    const other = browser(two.both[to].base, two.both[to].origin)
    await verified(false)
    assert.equal((await s.call('POST', 'send-verification-email', { email: s.email })).status, 200)
    const go = async (prefix = '') => (await other.call('GET', 'verify-email?callbackURL=/profile&token=' + tokenOf(await link(from, prefix)))).headers.location
    assert.equal(await go(), '/profile')
    assert.deepEqual((await two.sql(`select "emailVerified" as v from "user" where email = $1`))[from], [{ v: true }])
    // It is verified now: the old address agrees at the other server, which mails the new one.
    assert.equal((await s.call('POST', 'change-email', { newEmail: `x${from}-${s.email}` })).status, 200)
    assert.equal(await go(), '/profile')
    const last = to === 1 ? mails.get(`x${from}-${s.email}`) : await mailed(`x${from}-${s.email}`)
    assert.equal((await s.call('GET', 'verify-email?callbackURL=/profile&token=' + tokenOf(last))).headers.location, '/profile')
    assert.equal((await s.call('GET', 'get-session')).json.user.email, `x${from}-${s.email}`)
    s.email = `x${from}-${s.email}`
  }
})

test('with the npm client', async () => {
  const email = `npm-${Date.now()}@example.com`
  const jar = new Map()
  const client = createAuthClient({ baseURL: process.env.MAIL_URL, fetchOptions: { customFetchImpl: async (url, init) => {
    const headers = new Headers(init?.headers)
    headers.set('Origin', process.env.MAIL_URL)
    if (jar.size) headers.set('Cookie', [...jar].map(([k, v]) => `${k}=${v}`).join('; '))
    const response = await fetch(url, { ...init, headers })
    for (const line of response.headers.getSetCookie()) jar.set(...line.split(';')[0].split(/=(.*)/).slice(0, 2))
    return response
  } } })
  const token = async (to) => tokenOf(await mailed(to))
  assert.equal((await client.signUp.email({ name: 'N', email, password })).error, null)
  assert.equal((await client.sendVerificationEmail({ email })).data.status, true)
  assert.equal((await client.verifyEmail({ query: { token: await token(email) } })).data.status, true)
  assert.equal((await client.getSession()).data.user.emailVerified, true)
  assert.equal((await client.verifyEmail({ query: { token: 'guessed' } })).error.code, 'INVALID_TOKEN')
  assert.equal((await client.changeEmail({ newEmail: 'new-' + email })).data.status, true)
  assert.equal((await client.verifyEmail({ query: { token: await token(email) } })).data.status, true)
  assert.equal((await client.verifyEmail({ query: { token: await token('new-' + email) } })).data.user.email, 'new-' + email)
  assert.equal((await client.getSession()).data.user.email, 'new-' + email)
})

test('where an address must be verified first', async (t) => {
  const must = await sides({ paddock: process.env.VERIFIED_URL, options: real({ emailAndPassword: { enabled: true, requireEmailVerification: true } }) })
  const up = { name: 'N', email: 'EMAIL', password }
  for (const body of [up, up, { ...up, email: 'EMAIL_IN_CAPITALS', image: 'https://example.com/i.png', callbackURL: '/x' }, { ...up, password: 'x' }, { ...up, callbackURL: 'https://evil.example' }]) await t.test(`sign-up ${JSON.stringify(body)}`, () => must.same('POST', 'sign-up/email', body))
  for (const body of [{ email: 'EMAIL', password }, { email: 'EMAIL', password: 'a wrong password' }, { email: 'nobody@example.com', password }]) await t.test(`sign-in ${JSON.stringify(body)}`, () => must.same('POST', 'sign-in/email', body))
  await t.test('a link', () => must.same('POST', 'send-verification-email', { email: 'EMAIL' }))
  await t.test('and signs in', async () => {
    await must.sql(`update "user" set "emailVerified" = true where email = $1`)
    await must.same('POST', 'sign-in/email', { email: 'EMAIL', password })
    await must.same('GET', 'get-session')
  })
  await must.close()
})

test('without mail', async (t) => {
  const none = await sides()
  await none.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password })
  for (const cookies of [true, false]) {
    for (const [method, path, body] of [['POST', 'send-verification-email', { email: 'EMAIL' }], ['POST', 'send-verification-email', { email: 'x' }], ['POST', 'send-verification-email', {}],
      ['POST', 'change-email', { newEmail: 'new-EMAIL' }], ['POST', 'change-email', { newEmail: 'EMAIL' }], ['POST', 'change-email', { newEmail: 'x' }], ['POST', 'change-email', {}],
      ['GET', 'verify-email?token=x'], ['GET', 'verify-email?token=x&callbackURL=/x'], ['GET', 'verify-email']]) {
      await t.test(`${path} ${JSON.stringify(body)} ${cookies}`, () => none.same(method, path, body, { cookies }))
    }
  }
  await none.close()
})

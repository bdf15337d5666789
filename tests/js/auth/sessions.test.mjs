// Sessions live, are extended and end as those of a real Better Auth server,
// and so do their cookies and rows.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cookieShapes, password, sides } from './sides.mjs'

let two
before(async () => { two = await sides() })
after(() => two.close())

const mine = `"userId" = (select id from "user" where email = $1)`
/** Moves all sessions of both users: ends in, began before. */
const move = (ends, began = '0 s') => two.sql(`update session set "expiresAt" = now() + '${ends}'::interval, "createdAt" = now() - '${began}'::interval, "updatedAt" = now() - '${began}'::interval where ${mine}`)
/** What both rows say of their life, in whole minutes. */
async function rows() {
  const [ours, theirs] = await two.sql(`select round(extract(epoch from "expiresAt" - now()) / 60)::int as ends, round(extract(epoch from now() - "updatedAt") / 60)::int as updated,
    round(extract(epoch from now() - "createdAt") / 60)::int as began, length(token) as token, "userAgent" from session where ${mine} order by "expiresAt", "createdAt"`)
  assert.deepEqual(ours, theirs)
  return ours
}
const day = 24 * 60
/** Signs in, in a jar of its own; from the second time on by putting the first session back. */
const first = new Map()
async function start(more = {}) {
  await two.sql(`delete from session where ${mine}`)
  const key = JSON.stringify(more)
  if (first.has(key)) {
    first.get(key).forEach((jar, i) => { two.both[i].jar.clear(); for (const [k, v] of jar) two.both[i].jar.set(k, v) })
    await two.sql(`insert into session (id, token, "userId", "createdAt", "updatedAt", "expiresAt", "ipAddress", "userAgent") select reverse(id), $2, id, now(), now(), now() + '${more.rememberMe === false ? 1 : 7} days'::interval, '', 'a browser' from "user" where email = $1`)
    return
  }
  two.forget()
  await two.same('POST', 'sign-in/email', { email: 'EMAIL', password, ...more }, { headers: { 'User-Agent': 'a browser' } })
  first.set(key, two.both.map((s) => [...s.jar]))
}

const reads = ['get-session', 'list-sessions', 'get-session?disableRefresh=true', 'get-session?disableRefresh=false', 'get-session?disableRefresh=', 'get-session?disableRefresh=0',
  'list-sessions?disableRefresh=true', 'get-session?disableCookieCache=true']
const writes = [['update-user', { name: 'N' }], ['update-user', {}], ['revoke-session', { token: 'x' }], ['revoke-other-sessions', {}], ['revoke-sessions', {}],
  ['change-password', { currentPassword: 'wrong one', newPassword: password }], ['change-password', { currentPassword: password, newPassword: password }],
  ['change-password', { currentPassword: password, newPassword: password, revokeOtherSessions: true }], ['sign-out', {}]]

test('a user and a first session', async () => {
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password }, { headers: { 'User-Agent': 'a browser' } })
  assert.deepEqual((await rows()).map((r) => [r.ends, r.userAgent]), [[7 * day, 'a browser']])
  const [ours, theirs] = await two.sql(`select a."providerId", a."accountId" = u.id as own, length(a.id) as id, length(a.password) as password, a.scope, a."accessToken", u."emailVerified", u.image,
    u.email = lower($1) as email from account a join "user" u on u.id = a."userId" where u.email = lower($1)`)
  assert.deepEqual(ours, theirs)
})

test('a session is extended by what uses it, once a day of it is gone', async (t) => {
  for (const [when, ends, began] of [['fresh', '6 days 1 minute', '23 hours'], ['due', '5 days 23 hours', '23 hours'], ['due and not fresh', '5 days 23 hours', '25 hours']]) {
    for (const path of reads) {
      await t.test(`${when}: ${path}`, async () => {
        await start()
        await move(ends, began)
        await two.same('GET', path)
        await rows()
      })
    }
    for (const [path, body] of writes) {
      await t.test(`${when}: ${path} ${JSON.stringify(body)}`, async () => {
        await start()
        await move(ends, began)
        await two.same('POST', path, body)
        await rows()
      })
    }
  }
})

test('a session that is not to be remembered lasts a day and is not extended', async (t) => {
  await start({ rememberMe: false })
  assert.equal((await rows())[0].ends, day)
  for (const path of reads) await t.test(path, () => two.same('GET', path))
  for (const [path, body] of writes.slice(0, 4)) await t.test(path, () => two.same('POST', path, body))
  assert.equal((await rows())[0].ends, day)
  await t.test('signing in again takes the mark back', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password }))
  await t.test('a session after it', () => two.same('GET', 'get-session'))
  await t.test('signing out of one', async () => {
    await start({ rememberMe: false })
    await two.same('POST', 'sign-out', {})
  })
  await t.test('its password changed, others revoked', async () => {
    await start({ rememberMe: false })
    await two.same('POST', 'change-password', { currentPassword: password, newPassword: password, revokeOtherSessions: true })
    assert.equal((await rows())[0].ends, 7 * day)
    await two.same('GET', 'get-session')
  })
})

test('the cookie of a dead session is cleared, and a forged one is not', async (t) => {
  const purged = `with old as (update session set "expiresAt" = now() - interval '2 days' where ${mine} returning 1) select count(*) from old`
  for (const [how, ...sql] of [['gone', `delete from session where ${mine}`], ['expired', `update session set "expiresAt" = now() - interval '1 s' where ${mine}`], ['purged', purged, 'select deleted from private.purge_expired(1000) where $1 <> \'\'']]) {
    for (const [method, path, body] of [...reads.slice(0, 3).map((p) => ['GET', p]), ...writes.map(([p, b]) => ['POST', p, b])]) {
      await t.test(`${how}: ${path}`, async () => {
        await start()
        for (const statement of sql) await two.sql(statement)
        await two.same(method, path, body)
        if (path === 'get-session') await rows()
      })
    }
  }
  const forged = { 'no signature': 'x', 'an empty one': 'x.', 'a wrong one': 'x.' + 'A'.repeat(43) + '%3D', 'nothing': '', 'a broken escape': '%zz', 'a dot': '.', 'quotes': '"x"' }
  for (const [how, value] of Object.entries(forged)) {
    for (const [method, path, body] of [['GET', 'get-session'], ['GET', 'list-sessions'], ['POST', 'update-user', { name: 'x' }], ['POST', 'sign-out', {}]]) {
      await t.test(`forged, ${how}: ${path}`, () => two.same(method, path, body, { headers: { Cookie: `better-auth.session_token=${value}` } }))
    }
  }
})

test('how a cookie may be written', async (t) => {
  const written = {
    'as it was given': (c) => `better-auth.session_token=${c}`,
    'in quotes': (c) => `better-auth.session_token="${c}"`,
    'not escaped': (c) => `better-auth.session_token=${decodeURIComponent(c)}`,
    'after another': (c) => `a=b; better-auth.session_token=${c}`,
    'before a forged one': (c) => `better-auth.session_token=${c}; better-auth.session_token=x`,
    'after nonsense': (c) => `nonsense; =; better-auth.session_token=${c}`,
    'under the name for https': (c) => `__Secure-better-auth.session_token=${c}`,
    'beside the data of a cache': (c) => `better-auth.session_data=x; better-auth.session_token=${c}`,
    'beside the data of a cache in pieces': (c) => `better-auth.session_data.0=x; better-auth.session_data.1=y; better-auth.session_token=${c}`,
    'beside the data of a cache, forged': () => 'better-auth.session_data=x; better-auth.session_token=x',
    'the mark of one not to be remembered, forged': (c) => `better-auth.session_token=${c}; better-auth.dont_remember=true.x`,
  }
  for (const [how, write] of Object.entries(written)) {
    await t.test(how, async () => {
      await start()
      await move('5 days')
      for (const s of two.both) s.header = write(s.jar.get('better-auth.session_token'))
      const ask = (method, path, body) => Promise.all(two.both.map((s) => s.call(method, path, body, { headers: { Cookie: s.header } })))
      const steps = [['GET', 'get-session?disableRefresh=1'], ['POST', 'update-user', { name: 'N' }]]
      if (how.includes('data of a cache')) steps.pop() // of all cookies that a session sets there, the real server keeps the last
      for (const step of steps) {
        const [ours, theirs] = (await ask(...step)).map((a) => [a.status, a.json?.user?.name ?? a.json, cookieShapes(a.cookies)])
        assert.deepEqual(ours, theirs, `${step[1]}\n  paddock: ${JSON.stringify(ours)}\n  real:    ${JSON.stringify(theirs)}`)
      }
    })
  }
  // Here the two differ on purpose: another host of the same site can set a
  // cookie of this name, which signs people out of the real server.
  await t.test('after a forged one', async () => {
    await start()
    const names = await Promise.all(two.both.map(async (s) => {
      const Cookie = `better-auth.session_token=x; better-auth.session_token=${s.jar.get('better-auth.session_token')}`
      return (await s.call('GET', 'get-session', undefined, { headers: { Cookie } })).json?.user?.email
    }))
    assert.deepEqual(names, [two.both[0].email, undefined])
  })
})

test('a user who has no password', async (t) => {
  await start()
  await two.sql(`update account set password = null where ${mine}`)
  await t.test('signs in with none', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password }))
  await t.test('changes none', () => two.same('POST', 'change-password', { currentPassword: password, newPassword: password }))
  await two.sql(`delete from account where ${mine}`)
  await t.test('signs in without a method', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password }))
  await t.test('changes nothing', () => two.same('POST', 'change-password', { currentPassword: password, newPassword: password }))
})

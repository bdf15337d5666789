// A user is deleted as by a real Better Auth server that has user.deleteUser enabled
// and sends no mail. (That server deletes rows of "user", which Paddock's login may
// not: the test gives it the privilege.)
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { password, sides } from './sides.mjs'

let two
before(async () => { two = await sides({ options: { user: { deleteUser: { enabled: true } } } }) })
after(() => two.close())

const mine = `"userId" = (select id from "user" where email = $1)`
const start = async () => {
  two.forget()
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password })
}
const users = async () => (await two.sql('select (select count(*)::int from "user" where email = $1) as users')).map((rows) => rows[0].users)
const old = () => two.sql(`update session set "createdAt" = now() - interval '25 hours' where ${mine}`)

test('without a session', async (t) => {
  for (const body of [undefined, {}, { password }, { password: 1 }, [], 'null', { token: 'x' }]) await t.test(JSON.stringify(body) ?? 'no body', () => two.same('POST', 'delete-user', body))
  await t.test('GET', () => two.same('GET', 'delete-user'))
})

test('what is refused', async (t) => {
  await start()
  const bodies = [undefined, [], 'null', '{', { password: 'not this one' }, { password: 'x'.repeat(129) }, { password: 1 }, { password: null }, { token: 'no such token' }, { token: 1 },
    { password, token: 'no such token' }, { password: 'not this one', token: 'x' }, { callbackURL: 'https://evil.example' }, { callbackURL: 1, password }]
  for (const body of bodies) await t.test(JSON.stringify(body)?.slice(0, 60) ?? 'no body', () => two.same('POST', 'delete-user', body))
  await t.test('from another site', () => two.same('POST', 'delete-user', { password }, { headers: { Origin: 'https://evil.example' } }))
  await old()
  await t.test('a session that is not fresh', () => two.same('POST', 'delete-user', {}))
  await t.test('one that is not fresh, with an empty password', () => two.same('POST', 'delete-user', { password: '' }))
  await two.sql(`update account set password = null where ${mine}`)
  await t.test('a user without a password', () => two.same('POST', 'delete-user', { password }))
  assert.deepEqual(await users(), [1, 1])
})

for (const [how, body, prepare] of [['a fresh session', {}], ['an empty password and a fresh session', { password: '' }], ['the password', { password }, old], ['the password and a callback', { password, callbackURL: '/gone' }, old]]) {
  test(`deleted with ${how}`, async (t) => {
    await two.sql('delete from "user" where email = $1')
    await start()
    await prepare?.()
    const answer = await t.test('delete-user', () => two.same('POST', 'delete-user', body))
    assert.deepEqual(await users(), [0, 0])
    await t.test('get-session', () => two.same('GET', 'get-session'))
    await t.test('sign-in', () => two.same('POST', 'sign-in/email', { email: 'EMAIL', password }))
    return answer
  })
}

test('a dead session deletes nobody', async () => {
  await start()
  await two.sql(`update session set "expiresAt" = now() - interval '1 s' where ${mine}`)
  await two.same('POST', 'delete-user', { password })
  assert.deepEqual(await users(), [1, 1])
})

// Which page may ask for what, and where it may be sent, is as a real Better
// Auth server has it.
import { after, before, test } from 'node:test'
import { password, sides } from './sides.mjs'

let two
before(async () => { two = await sides() })
after(() => two.close())

/** A sign-in that is refused, but only after its origin was looked at. */
const nobody = { email: 'nonsense', password }

/** Headers that say where a request comes from. */
const pages = {
  'our own page': { Origin: 'BASE' },
  'no Origin': { Origin: null },
  'an empty Origin': { Origin: '' },
  'a null Origin': { Origin: 'null' },
  'a null Origin, same-origin': { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' },
  'a null Origin, same-origin, of another host': { Origin: 'null', 'Sec-Fetch-Site': 'same-origin', Host: 'evil.example' },
  'a null Origin, cross-site': { Origin: 'null', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' },
  'another site': { Origin: 'https://evil.example' },
  'another scheme': { Origin: 'https://HOST' },
  'another port': { Origin: 'http://127.0.0.1:1' },
  'our name as the start of another': { Origin: 'BASE.evil.example' },
  'our own, in capitals': { Origin: 'HTTP://HOST' },
  'our own, with a path': { Origin: 'BASE/path' },
  'our own, as a user': { Origin: 'http://HOST@evil.example' },
  'a trusted origin': { Origin: 'https://trusted.example' },
  'a trusted origin with its default port': { Origin: 'https://trusted.example:443' },
  'a trusted origin with another port': { Origin: 'https://trusted.example:8443' },
  'a trusted origin over http': { Origin: 'http://trusted.example' },
  'a trusted pattern': { Origin: 'https://a.friends.example' },
  'a trusted pattern, deeper': { Origin: 'https://a.b.friends.example' },
  'a trusted pattern without its first part': { Origin: 'https://friends.example' },
  'a trusted pattern as the start': { Origin: 'https://a.friends.example.evil' },
  'a trusted pattern without a scheme': { Origin: 'http://x.any.example' },
  'a trusted pattern of addresses': { Origin: 'http://10.0.1.2:8080' },
  'a trusted pattern of addresses, as a name': { Origin: 'http://10.0.evil.example:8080' },
  'a Referer of our own': { Origin: null, Referer: 'BASE/page?x=1' },
  'a Referer of another site': { Origin: null, Referer: 'https://evil.example/BASE' },
  'a Referer of nonsense': { Origin: null, Referer: 'nonsense' },
  'a Referer that is a path': { Origin: null, Referer: '/page' },
  'a Referer beside a null Origin': { Origin: 'null', Referer: 'BASE/page' },
  'a Referer of our own beside a foreign Origin': { Origin: 'https://evil.example', Referer: 'BASE/page' },
  'a navigation from another site': { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' },
  'a navigation from another site without an Origin': { Origin: null, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
  'a navigation from a trusted site': { Origin: 'https://trusted.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
  'a fetch from another site': { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' },
  'a fetch from a trusted site': { Origin: 'https://trusted.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' },
  'a navigation of our own': { Origin: 'BASE', 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' },
  'a fetch without an Origin': { Origin: null, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors' },
  'blank Sec-Fetch headers': { Origin: null, 'Sec-Fetch-Site': ' ', 'Sec-Fetch-Mode': '' },
}

/** Where a sign-in may send the browser on. */
const targets = [
  '/', '/desk', '/desk?a=b#c', '', '//evil.example', '/\\evil.example', '\\evil.example', '/\tdesk', '/a/%2f/evil', '/a%5Cb', '/a?x=%2f', '/../x', 'desk',
  'BASE/desk', 'BASE', 'https://evil.example/', 'https://trusted.example/x', 'https://a.friends.example/x', 'http://HOST@evil.example/', 'http://evil.example\\@HOST/',
  'javascript:alert(1)', 'data:text/html,x', 'HTTPS://TRUSTED.EXAMPLE/x', '/a b',
]

test('sign-in and sign-up, without a cookie', async (t) => {
  for (const [name, headers] of Object.entries(pages)) {
    await t.test(`sign-in: ${name}`, () => two.same('POST', 'sign-in/email', nobody, { headers, cookies: false }))
    await t.test(`sign-up: ${name}`, () => two.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password: 'short' }, { headers, cookies: false }))
  }
})

test('calls without a cookie are for everyone', async (t) => {
  for (const name of ['no Origin', 'another site', 'a navigation from another site']) {
    await t.test(name, () => two.same('POST', 'sign-out', {}, { headers: pages[name], cookies: false }))
  }
})

test('with a cookie', async (t) => {
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password })
  for (const [name, headers] of Object.entries(pages)) {
    await t.test(`update-user: ${name}`, () => two.same('POST', 'update-user', { name: 'N' }, { headers }))
    await t.test(`sign-in: ${name}`, () => two.same('POST', 'sign-in/email', nobody, { headers }))
    await t.test(`get-session: ${name}`, () => two.same('GET', 'get-session', undefined, { headers }))
  }
  await t.test('any cookie counts', () => two.same('POST', 'sign-out', {}, { headers: { Origin: null, Cookie: 'other=1' } }))
  await t.test('and what is no cookie too', () => two.same('POST', 'sign-out', {}, { headers: { Origin: null, Cookie: 'nonsense' } }))
})

test('what is refused first where a cookie, a foreign Origin and a bad body come together', async (t) => {
  const bodies = {
    'no JSON': ['{'],
    'another type': ['hello', { 'Content-Type': 'text/plain' }],
    'no type': ['{}', { 'Content-Type': null }],
    'wrong fields': [{ email: 1, token: 1, newPassword: 1 }],
    'a bad email': [{ name: 'N', email: 'nonsense', password: 'x' }],
    'a callback to another site': [{ email: 'x', password: 'x', callbackURL: 'https://evil.example' }],
  }
  for (const cookies of [true, false]) {
    for (const [what, [body, more]] of Object.entries(bodies)) {
      for (const page of ['another site', 'no Origin', 'a navigation from another site without an Origin']) {
        for (const path of ['sign-in/email', 'sign-up/email', 'sign-out', 'update-user', 'change-password', 'revoke-session', 'request-password-reset']) {
          await t.test(`${path}: ${what}, ${page}, ${cookies ? 'a cookie' : 'no cookie'}`, () => two.same('POST', path, body, { headers: { ...pages[page], ...more }, cookies }))
        }
      }
    }
  }
})

test('where to go on', async (t) => {
  await two.same('POST', 'sign-up/email', { name: 'N', email: 'goes-EMAIL', password })
  for (const callbackURL of targets) {
    await t.test(`sign-in: ${JSON.stringify(callbackURL)}`, () => two.same('POST', 'sign-in/email', { email: 'goes-EMAIL', password, callbackURL }))
  }
  const body = { name: 'N', email: 'nonsense', password }
  for (const name of ['callbackURL', 'redirectTo', 'errorCallbackURL', 'newUserCallbackURL']) {
    for (const target of ['https://evil.example', '/desk', 1]) {
      await t.test(`sign-up: ${name} ${target}`, () => two.same('POST', 'sign-up/email', { ...body, [name]: target }))
      await t.test(`update-user: ${name} ${target}`, () => two.same('POST', 'update-user', { name: 'N', [name]: target }))
    }
  }
  await t.test('sign-in: callbackURL in the query', () => two.same('POST', 'sign-in/email?callbackURL=https://evil.example', { email: 'goes-EMAIL', password }))
  await t.test('sign-in: callbackURL in the query, ours', () => two.same('POST', 'sign-in/email?callbackURL=/desk', { email: 'goes-EMAIL', password }))
})

// Two-factor authentication as at a real Better Auth server with its plugin; what the
// one has stored works at the other; and the plugin's own client works with Paddock.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthClient } from 'better-auth/client'
import { twoFactorClient } from 'better-auth/client/plugins'
import { password, sides } from './sides.mjs'
import { browser } from './browser.mjs'
import { codeOf, secretOf } from './totp.mjs'

const fresh = () => sides({ options: { verification: { storeIdentifier: 'hashed' } } })
let two
before(async () => { two = await fresh() })
after(() => two.close())

/** Both answer alike, but for what is random, and each side keeps its own secret and codes. */
async function same(method, path, body, options) {
  const answers = await Promise.all(two.both.map(async (s) => {
    const fill = (v) => v && JSON.parse(JSON.stringify(v)
      .replaceAll('EMAIL', s.email)
      .replaceAll(/TOTP([+-]\d|)/g, (_, after) => codeOf(s.secret, Number(after)))
      .replaceAll(/BACKUP(\d)/g, (_, n) => s.codes[Number(n)]))
    const answer = await s.call(method, path, fill(body), options)
    if (answer.json?.totpURI) s.secret = secretOf(answer.json.totpURI)
    if (answer.json?.backupCodes) s.codes = answer.json.backupCodes
    return answer
  }))
  const [ours, theirs] = answers.map(({ status, json, cookies, headers }, i) => ({
    status,
    body: JSON.parse(JSON.stringify(json)
      .replaceAll(two.both[i].email, 'EMAIL').replaceAll(encodeURIComponent(two.both[i].email), 'EMAIL')
      .replaceAll(/secret=[A-Z2-7]{52}/g, 'secret=RANDOM').replaceAll(/"[A-Za-z0-9]{5}-[A-Za-z0-9]{5}"/g, '"CODE"')
      .replaceAll(/"ipAddress":"[^"]*"/g, '"ipAddress":"ADDRESS"').replaceAll(/"[A-Za-z0-9]{32}"/g, '"ID"').replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"')),
    cookies: Object.fromEntries(cookies.map((c) => [c.split('=')[0], c.replace(/^([^=]+)=[^;]+/, '$1=(value)').split('; ').sort().join('; ')])),
    location: headers.location,
  }))
  assert.deepEqual(ours, theirs, `\n  paddock: ${JSON.stringify(ours)}\n  real:    ${JSON.stringify(theirs)}`)
  return ours
}


const enable = (body = { password }) => same('POST', 'two-factor/enable', body)
const signIn = (more = {}) => same('POST', 'sign-in/email', { email: 'EMAIL', password, ...more })

test('before anybody is signed in', async (t) => {
  for (const path of ['enable', 'disable', 'get-totp-uri', 'generate-backup-codes', 'verify-totp', 'verify-backup-code', 'send-otp', 'verify-otp']) {
    for (const body of [undefined, {}, [], { password }, { password: 1 }, { code: '123456' }, { code: 1 }, { code: '123456', trustDevice: 'yes' }]) {
      await t.test(`${path} ${JSON.stringify(body)}`, () => same('POST', 'two-factor/' + path, body))
    }
    await t.test('GET of ' + path, () => same('GET', 'two-factor/' + path))
  }
  for (const path of ['view-backup-codes', 'generate-totp', 'nonsense', '']) await t.test(path, () => same('POST', 'two-factor/' + path, {}))
})

test('setting it up', async (t) => {
  await same('POST', 'sign-up/email', { name: 'N', email: 'EMAIL', password })
  for (const body of [undefined, {}, { password: '' }, { password: 'wrong password' }, { password: 'x'.repeat(129) }, { password, method: 'sms' }, { password, method: 1 }, { password, method: null },
    { password, issuer: 1 }, { password, method: 'otp' }, { password: 'wrong password', method: 'otp' }]) {
    await t.test('enable ' + JSON.stringify(body)?.slice(0, 60), () => same('POST', 'two-factor/enable', body))
  }
  for (const path of ['get-totp-uri', 'generate-backup-codes']) {
    for (const body of [{ password }, { password: 'wrong password' }, { password: '' }]) await t.test(path + ' before it ' + body.password, () => same('POST', 'two-factor/' + path, body))
  }
  for (const path of ['verify-totp', 'verify-backup-code', 'verify-otp', 'send-otp']) await t.test(path + ' before it', () => same('POST', 'two-factor/' + path, { code: '123456' }))
  await t.test('enable', () => enable())
  await t.test('enable with another name', () => enable({ password, issuer: "Ann's & Bob's (ü) +1" }))
  await t.test('enable with an empty name', () => enable({ password, issuer: '', method: 'totp' }))
  await t.test('it is not on yet', () => same('GET', 'get-session'))
  await t.test('get-totp-uri', () => same('POST', 'two-factor/get-totp-uri', { password }))
  await t.test('get-totp-uri, wrong password', () => same('POST', 'two-factor/get-totp-uri', { password: 'wrong password' }))
  await t.test('a wrong code', () => same('POST', 'two-factor/verify-totp', { code: '12345' }))
  await t.test('sign-in is as before', () => signIn())
  await t.test('the code', () => same('POST', 'two-factor/verify-totp', { code: 'TOTP-1' }))
  await t.test('it is on', () => same('GET', 'get-session'))
  await t.test('list-sessions', async () => assert.equal((await same('GET', 'list-sessions')).body.length, 2))
  await t.test('enable again', () => enable())
  await t.test('generate-backup-codes, wrong password', () => same('POST', 'two-factor/generate-backup-codes', { password: 'wrong password' }))
  await t.test('generate-backup-codes', () => same('POST', 'two-factor/generate-backup-codes', { password }))
  await t.test('a backup code of who is signed in', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP0' }))
  await t.test('a second time', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP0' }))
  await t.test('a code of who is signed in', () => same('POST', 'two-factor/verify-totp', { code: 'TOTP' }))
  await t.test('sign-out', () => same('POST', 'sign-out', {}))
})

test('signing in', async (t) => {
  const signedOut = () => two.forget()
  signedOut()
  await t.test('the password alone', async () => assert.equal((await signIn()).body.twoFactorRedirect, true))
  await t.test('is no session', () => same('GET', 'get-session'))
  await t.test('a wrong code', () => same('POST', 'two-factor/verify-totp', { code: '000' }))
  await t.test('a wrong backup code', () => same('POST', 'two-factor/verify-backup-code', { code: 'nonsense' }))
  await t.test('the code', () => same('POST', 'two-factor/verify-totp', { code: 'TOTP+1' }))
  await t.test('is a session', async () => assert.ok((await same('GET', 'get-session')).body.session))
  await t.test('the challenge is over', async () => { signedOut(); await same('POST', 'two-factor/verify-totp', { code: 'TOTP+1' }) })
  await t.test('wrong password', () => signIn({ password: 'wrong password' }))
  await t.test('with a page to go to', () => signIn({ callbackURL: '/desk' }))
  await t.test('a backup code without a session', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP1', disableSession: true }))
  await t.test('the challenge cannot go on', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP2' }))
  signedOut()
  await t.test('not remembered', () => signIn({ rememberMe: false }))
  await t.test('a backup code', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP2' }))
  await t.test('is a session that is not remembered', () => same('GET', 'get-session'))
  await t.test('change-password and revoke', () => same('POST', 'change-password', { currentPassword: password, newPassword: password, revokeOtherSessions: true }))
  await t.test('sign-in while signed in', () => signIn())
  signedOut()
  await signIn({ rememberMe: false })
  await t.test('on a device to trust', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP3', trustDevice: true }))
  await t.test('sign-out', () => same('POST', 'sign-out', {}))
  await t.test('no code on that device', async () => assert.equal((await signIn()).body.redirect, false))
  await t.test('nor the next time', async () => assert.equal((await signIn({ rememberMe: false })).body.redirect, false))
  for (const s of two.both) s.jar.set('better-auth.trust_device', s.jar.get('better-auth.trust_device').replace(/.$/, '') + 'x')
  await t.test('a forged mark', async () => assert.equal((await signIn()).body.twoFactorRedirect, true))
})

test('too many codes', async (t) => {
  for (let challenge = 0; challenge < 2; challenge++) {
    two.forget()
    await signIn()
    for (let n = 0; n < 5; n++) await t.test('wrong', () => same('POST', 'two-factor/verify-totp', { code: '000' }))
    if (challenge === 0) await t.test('one too many', () => same('POST', 'two-factor/verify-totp', { code: 'TOTP' }))
    if (challenge === 0) await t.test('the challenge is over', () => same('POST', 'two-factor/verify-totp', { code: 'TOTP' }))
  }
  two.forget()
  await t.test('the password is still right', () => signIn())
  await t.test('codes are locked', async () => assert.equal((await same('POST', 'two-factor/verify-totp', { code: 'TOTP' })).status, 429))
  await t.test('backup codes as well', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP4' }))
  await two.sql(`update "twoFactor" set "lockedUntil" = now() - interval '1 s' where "userId" = (select id from "user" where email = $1)`)
  await t.test('until the lock is over', () => same('POST', 'two-factor/verify-backup-code', { code: 'BACKUP4', trustDevice: true }))
})

test('turning it off', async (t) => {
  for (const body of [{}, { password: '' }, { password: 'wrong password' }, { password }]) await t.test(JSON.stringify(body), () => same('POST', 'two-factor/disable', body))
  await t.test('it is off', () => same('GET', 'get-session'))
  await t.test('again', () => same('POST', 'two-factor/disable', { password }))
  await t.test('sign-in', async () => assert.equal((await signIn()).body.redirect, false))
  await t.test('and on again', () => enable())
})

for (const [maker, other] of [[0, 1], [1, 0]]) {
  test(`what ${maker ? 'the real server' : 'Paddock'} has set up, ${maker ? 'Paddock' : 'the real server'} takes`, async () => {
    const pair = await fresh()
    try {
      const [a, b] = [pair.both[maker], pair.both[other]]
      const ok = async (side, path, body) => {
        const answer = await side.call('POST', path, body)
        assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.json)}`)
        return answer.json
      }
      await ok(a, 'sign-up/email', { name: 'N', email: a.email, password })
      const { totpURI, backupCodes } = await ok(a, 'two-factor/enable', { password })
      const secret = secretOf(totpURI)
      // Set up here, and confirmed there.
      for (const [k, v] of a.jar) b.jar.set(k, v)
      await ok(b, 'two-factor/verify-totp', { code: codeOf(secret, -1) })
      assert.equal((await ok(b, 'two-factor/get-totp-uri', { password })).totpURI, totpURI)
      b.jar.clear()
      // The password there, and its code.
      assert.equal((await ok(b, 'sign-in/email', { email: a.email, password })).twoFactorRedirect, true)
      await ok(b, 'two-factor/verify-totp', { code: codeOf(secret) })
      b.jar.clear()
      await ok(b, 'sign-in/email', { email: a.email, password })
      await ok(b, 'two-factor/verify-backup-code', { code: backupCodes[0], trustDevice: true })
      // The device is trusted at both, and the code is used up at both.
      a.jar.clear()
      for (const [k, v] of b.jar) if (k.endsWith('trust_device')) a.jar.set(k, v)
      assert.equal((await ok(a, 'sign-in/email', { email: a.email, password })).redirect, false)
      a.jar.clear()
      // The password here, and the code there.
      await ok(a, 'sign-in/email', { email: a.email, password })
      b.jar.clear()
      for (const [k, v] of a.jar) b.jar.set(k, v)
      assert.equal((await b.call('POST', 'two-factor/verify-backup-code', { code: backupCodes[0] })).json.code, 'INVALID_BACKUP_CODE')
      await ok(b, 'two-factor/verify-backup-code', { code: backupCodes[1] })
      await ok(b, 'two-factor/disable', { password })
      a.jar.clear()
      assert.equal((await ok(a, 'sign-in/email', { email: a.email, password })).redirect, false)
    } finally {
      await pair.close()
    }
  })
}

test('a code works once', async () => {
  const pair = await fresh()
  try {
    const s = pair.both[0]
    await s.call('POST', 'sign-up/email', { name: 'N', email: s.email, password })
    const { totpURI } = (await s.call('POST', 'two-factor/enable', { password })).json
    const code = codeOf(secretOf(totpURI))
    assert.equal((await s.call('POST', 'two-factor/verify-totp', { code })).status, 200)
    s.jar.clear()
    await s.call('POST', 'sign-in/email', { email: s.email, password })
    const answer = await s.call('POST', 'two-factor/verify-totp', { code })
    assert.deepEqual([answer.status, answer.json.code], [401, 'INVALID_CODE'])
    assert.equal((await s.call('POST', 'two-factor/verify-totp', { code: codeOf(secretOf(totpURI), 1) })).status, 200)
  } finally {
    await pair.close()
  }
})

test('with the npm client', async () => {
  // A jar for the client, as a browser has one.
  const jar = browser(process.env.BASE_URL).jar
  let redirected
  const client = createAuthClient({
    baseURL: process.env.BASE_URL,
    plugins: [twoFactorClient({ onTwoFactorRedirect: (what) => { redirected = what } })],
    fetchOptions: {
      headers: { Origin: process.env.BASE_URL },
      onRequest: (context) => { context.headers.set('Cookie', [...jar].map(([k, v]) => `${k}=${v}`).join('; ')) },
      onResponse: ({ response }) => {
        for (const line of response.headers.getSetCookie()) {
          const [, name, value] = line.match(/^([^=]+)=([^;]*)/)
          if (/Max-Age=0/i.test(line)) jar.delete(name)
          else jar.set(name, value)
        }
      },
    },
  })
  const ok = ({ data, error }) => { assert.equal(error, null); return data }
  const email = `client-${Date.now()}@example.com`
  ok(await client.signUp.email({ name: 'N', email, password }))
  assert.equal((await client.twoFactor.enable({ password: 'wrong password' })).error.code, 'INVALID_PASSWORD')
  const { totpURI, backupCodes } = ok(await client.twoFactor.enable({ password }))
  const secret = secretOf(totpURI)
  assert.equal(backupCodes.length, 10)
  ok(await client.twoFactor.verifyTotp({ code: codeOf(secret, -1) }))
  assert.equal(ok(await client.getSession()).user.twoFactorEnabled, true)
  assert.equal(ok(await client.twoFactor.getTotpUri({ password })).totpURI, totpURI)
  ok(await client.signOut())
  assert.equal(ok(await client.signIn.email({ email, password })).twoFactorRedirect, true)
  assert.deepEqual(redirected, { twoFactorMethods: ['totp'] })
  assert.equal((await client.twoFactor.verifyTotp({ code: '000' })).error.code, 'INVALID_CODE')
  assert.equal((await client.twoFactor.sendOtp()).error.code, 'OTP_NOT_CONFIGURED')
  ok(await client.twoFactor.verifyTotp({ code: codeOf(secret) }))
  ok(await client.signOut())
  ok(await client.signIn.email({ email, password }))
  ok(await client.twoFactor.verifyBackupCode({ code: backupCodes[3], trustDevice: true }))
  const renewed = ok(await client.twoFactor.generateBackupCodes({ password })).backupCodes
  assert.ok(renewed.every((code) => !backupCodes.includes(code)))
  ok(await client.signOut())
  assert.equal(ok(await client.signIn.email({ email, password })).twoFactorRedirect, undefined)
  ok(await client.twoFactor.disable({ password }))
  assert.equal(ok(await client.getSession()).user.twoFactorEnabled, false)
})

// Better Auth's own client works against Paddock unchanged.
import { createAuthClient } from 'better-auth/client'
import assert from 'node:assert/strict'
import { test } from 'node:test'

const base = process.env.BASE_URL

/** A fetch with a cookie jar, as a browser has one. */
function client() {
  const jar = new Map()
  const made = createAuthClient({
    baseURL: base,
    fetchOptions: {
      customFetchImpl: async (url, init) => {
        const headers = new Headers(init?.headers)
        headers.set('Origin', base)
        if (jar.size) headers.set('Cookie', [...jar].map(([k, v]) => `${k}=${v}`).join('; '))
        const response = await fetch(url, { ...init, headers })
        for (const line of response.headers.getSetCookie()) {
          const [name, ...value] = line.split(';')[0].split('=')
          if (/Max-Age=0/i.test(line)) jar.delete(name)
          else jar.set(name, value.join('='))
        }
        return response
      },
    },
  })
  return { made, jar }
}

test('sign up, use, change and end sessions through the npm client', async () => {
  const { made: a, jar } = client()
  const email = `client-${Date.now()}@example.com`
  const up = await a.signUp.email({ name: 'Client', email, password: 'a good password' })
  assert.equal(up.error, null)
  assert.equal(up.data.user.email, email)

  const session = await a.getSession()
  assert.equal(session.data.user.name, 'Client')
  assert.equal(session.data.session.token, up.data.token)
  assert.ok(session.data.session.expiresAt instanceof Date || !Number.isNaN(Date.parse(session.data.session.expiresAt)))

  assert.equal((await a.updateUser({ name: 'Renamed' })).data.status, true)
  assert.equal((await a.getSession()).data.user.name, 'Renamed')

  const { made: b } = client()
  const second = await b.signIn.email({ email: email.toUpperCase(), password: 'a good password' })
  assert.equal(second.error, null)
  assert.equal((await a.listSessions()).data.length, 2)
  assert.equal((await a.revokeSession({ token: second.data.token })).data.status, true)
  assert.equal((await b.getSession()).data, null)

  const wrong = await a.changePassword({ currentPassword: 'not it', newPassword: 'another password' })
  assert.equal(wrong.error.code, 'INVALID_PASSWORD')
  const before = jar.get('better-auth.session_token')
  const changed = await a.changePassword({ currentPassword: 'a good password', newPassword: 'another password', revokeOtherSessions: true })
  assert.equal(changed.error, null)
  assert.notEqual(jar.get('better-auth.session_token'), before)
  assert.equal((await a.getSession()).data.user.name, 'Renamed')

  assert.equal((await b.signIn.email({ email, password: 'a good password' })).error.code, 'INVALID_EMAIL_OR_PASSWORD')
  assert.equal((await b.signIn.email({ email, password: 'another password', rememberMe: false })).error, null)
  assert.equal((await b.revokeOtherSessions()).data.status, true)
  assert.equal((await a.getSession()).data, null)
  assert.equal((await b.signOut()).data.success, true)
  assert.equal((await b.getSession()).data, null)
})

// Drives the page Profile in a real browser against a real server: name, another
// device's session, a change of address by the link of the mail, the password, and in
// the end the user is deleted.
//
// BASE_URL; LOG (the server's log, which has the mails); and what open.mjs takes.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { open } from './open.mjs'

const { BASE_URL, LOG } = process.env
const email = `profile-${Date.now()}@example.com`
const password = 'a long enough password'
const { page, complaints, run, signUp } = await open('profile', { viewport: { width: 1280, height: 1000 } })
page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && complaints.push(`console: ${m.text()}`))

const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)

/** The link in the newest mail to an address, once the server has sent it. */
async function mailed(to) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const mail = (await readFile(LOG, 'utf8')).split('\n').filter((line) => line.includes(`"to":"${to}"`)).pop()
    if (mail) return JSON.parse(mail).text.match(/http\S*verify-email\S*/)[0]
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`no mail to ${to}`)
}

await run(async () => {
  step('sign up, and change the name')
  await page.goto(BASE_URL)
  await signUp('Browser', email, password)
  await at('nav-profile').click()
  await at('profile-name').fill('Ada')
  await at('name-save').click()
  await at('name-saved').waitFor()

  step('end the session of another device')
  const other = await fetch(`${BASE_URL}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: BASE_URL, 'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0' },
    body: JSON.stringify({ email, password }),
  })
  assert.equal(other.status, 200)
  await page.reload()
  await at('session').nth(1).waitFor()
  assert.match(await at('session').nth(0).textContent(), /Chrome.*this one/)
  assert.match(await at('session').nth(1).textContent(), /Firefox on Windows/)
  await at('session-end').click()
  await at('session').nth(1).waitFor({ state: 'detached' })
  const dead = await fetch(`${BASE_URL}/api/auth/get-session`, { headers: { Cookie: other.headers.getSetCookie()[0].split(';')[0] } })
  assert.equal(await dead.json(), null)

  step('change the address by the link of the mail, which works once')
  await at('new-email').fill('new-' + email)
  await at('email-change').click()
  await at('email-sent').waitFor()
  const link = await mailed('new-' + email)
  await page.goto(link)
  await page.getByTestId('profile-email').getByText('new-' + email).waitFor()
  await page.goto(link)
  await at('profile-refused').waitFor()

  step('change the password')
  await at('current-password').fill(password)
  await at('new-password').fill('another ' + password)
  await at('password-change').click()
  await at('password-changed').waitFor()
  await at('session-own').waitFor()

  step('delete the user')
  await at('delete-user').click()
  await at('delete-password').fill('another ' + password)
  await at('delete-user-submit').click()
  await at('sign-form').waitFor()
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})

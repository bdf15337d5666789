// A real browser with one page, and what it complains of meanwhile.
//
// CHROMIUM; ARTIFACTS (a folder for a screenshot of a failure).
import { chromium } from 'playwright-core'

const { CHROMIUM = '/usr/bin/chromium', ARTIFACTS } = process.env

export async function open(name, look) {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  const page = await (await browser.newContext(look)).newPage() // beside which a test may open more
  page.setDefaultTimeout(60_000) // a machine under load takes its time; nothing is promised of it
  const complaints = []
  page.on('pageerror', (e) => complaints.push(`page error: ${e.message}`))

  /** Runs what the script does, and ends the browser with it. */
  async function run(steps) {
    try {
      await steps()
    } catch (e) {
      if (ARTIFACTS) await page.screenshot({ path: `${ARTIFACTS}/${name}-failure.png` }).catch(() => {})
      console.error(e)
      console.error(complaints.join('\n'))
      process.exitCode = 1
    } finally {
      await browser.close()
    }
  }

  /** Signs up on the page that is open. */
  async function signUp(name, email, password = 'a long enough password') {
    const at = (id) => page.getByTestId(id)
    await at('sign-turn').click()
    await at('name').fill(name)
    await at('email').fill(email)
    await at('password').fill(password)
    await at('sign-submit').click()
  }

  /** Connects an account in the dialog that a button opens. */
  async function connect(opener, name, key, secret) {
    const at = (id) => page.getByTestId(id)
    await at(opener).click()
    await at('connect-name').fill(name)
    await at('connect-key').fill(key)
    await at('connect-secret').fill(secret)
    await at('connect-submit').click()
    await at('connect-form').waitFor({ state: 'detached' })
  }

  /** Sends a request of who is signed in on the page, again where its account is not read yet or too much was asked. */
  async function ask(method, path, body, account) {
    for (const end = Date.now() + 60_000; ; await page.waitForTimeout(300)) {
      const answer = await page.evaluate(
        async ([method, path, body, account]) => {
          const headers = { ...(body && { 'Content-Type': 'application/json' }), ...(account && { 'X-Account-ID': account }) }
          const r = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
          return { status: r.status, text: await r.text() }
        },
        [method, path, body, account],
      )
      if (answer.status < 300) return answer.text && JSON.parse(answer.text)
      if (![429, 503].includes(answer.status) || Date.now() > end) throw new Error(`${method} ${path} was answered with ${answer.status}: ${answer.text}`)
    }
  }
  return { page, complaints, run, signUp, connect, ask }
}

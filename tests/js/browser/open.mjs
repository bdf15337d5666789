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
  return { page, complaints, run, signUp }
}

// Opens /api/docs in a real browser: every operation of the description is
// shown, one opens, and nothing is loaded from elsewhere.
//
// BASE_URL; CHROMIUM; ARTIFACTS (a folder for a screenshot of a failure);
// SCREENSHOT (a file for one of the page).
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

const { BASE_URL, CHROMIUM = '/usr/bin/chromium', ARTIFACTS, SCREENSHOT } = process.env
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } })
page.setDefaultTimeout(20_000)

const complaints = []
page.on('pageerror', (e) => complaints.push(`page error: ${e.message}`))
page.on('console', (m) => m.type() === 'error' && complaints.push(`console: ${m.text()}`))
page.on('request', (r) => !r.url().startsWith(BASE_URL) && !r.url().startsWith('data:') && complaints.push(`asked elsewhere: ${r.url()}`))

try {
  const description = await (await fetch(`${BASE_URL}/api/openapi.yaml`)).text()
  const described = description.slice(description.indexOf('\npaths:\n'), description.indexOf('\ncomponents:\n')).match(/^ {4}(get|post|put|patch|delete):/gm).length

  await page.goto(`${BASE_URL}/api/docs`)
  await page.locator('.opblock').nth(described - 1).waitFor()
  assert.equal(await page.locator('.opblock').count(), described, 'operations on the page')
  assert.equal(await page.locator('.errors-wrapper').count(), 0, await page.locator('.errors-wrapper').allTextContents().then(String))

  const bars = page.locator('.opblock', { has: page.locator('[data-path="/api/data/v2/stocks/{symbol}/bars"]') })
  await bars.locator('.opblock-summary-control').click()
  await bars.locator('tr[data-param-name=timeframe]').waitFor()
  if (SCREENSHOT) {
    await bars.scrollIntoViewIfNeeded()
    await page.screenshot({ path: SCREENSHOT })
  }
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log(`${described} operations: ok`)
} catch (e) {
  if (ARTIFACTS) await page.screenshot({ path: `${ARTIFACTS}/docs-failure.png` }).catch(() => {})
  console.error(e)
  console.error(complaints.join('\n'))
  process.exitCode = 1
} finally {
  await browser.close()
}

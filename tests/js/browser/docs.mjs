// Opens /api/docs in a real browser: every operation of the description is
// shown, one opens, and nothing is loaded from elsewhere.
//
// BASE_URL; SCREENSHOT (a file for one of the page); and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, SCREENSHOT } = process.env
const { page, complaints, run } = await open('docs', { viewport: { width: 1280, height: 1000 } })

page.on('console', (m) => m.type() === 'error' && complaints.push(`console: ${m.text()}`))
page.on('request', (r) => !r.url().startsWith(BASE_URL) && !r.url().startsWith('data:') && complaints.push(`asked elsewhere: ${r.url()}`))

await run(async () => {
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
})

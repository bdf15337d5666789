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
  // Of a long list the page has only what is near the window.
  await page.locator('.opblock').first().waitFor()
  const shown = new Set()
  for (let end = false; !end; ) {
    await page.waitForTimeout(200)
    const near = await page.locator('.opblock').evaluateAll((all) => all.map((one) => `${one.querySelector('.opblock-summary-method')?.textContent} ${one.querySelector('[data-path]')?.dataset.path}`))
    for (const one of near) shown.add(one)
    end = await page.evaluate(() => {
      const before = scrollY
      scrollBy(0, innerHeight / 2)
      return scrollY === before
    })
  }
  assert.equal(shown.size, described, 'operations on the page')
  assert.equal(await page.locator('.errors-wrapper').count(), 0, await page.locator('.errors-wrapper').allTextContents().then(String))

  const bars = page.locator('.opblock', { has: page.locator('[data-path="/api/data/v2/stocks/{symbol}/bars"]') })
  await page.evaluate(() => scrollTo(0, 0))
  for (let step = 0; step < 200 && (await bars.count()) === 0; step++) {
    await page.evaluate(() => scrollBy(0, innerHeight / 2))
    await page.waitForTimeout(100)
  }
  await bars.locator('.opblock-summary-control').click()
  await bars.locator('tr[data-param-name=timeframe]').waitFor()
  if (SCREENSHOT) {
    await bars.scrollIntoViewIfNeeded()
    await page.screenshot({ path: SCREENSHOT })
  }
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log(`${described} operations: ok`)
})

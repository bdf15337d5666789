import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sizes-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** What the check says of a console whose files have these sizes in kB. */
function check(sizes: Record<string, number>, change: (manifest: Record<string, object>) => void = () => {}) {
  for (const [file, kB] of Object.entries({ sign: 1, shell: 1, desk: 1, index: 1, shared: 1, dialog: 1, ...sizes }))
    writeFileSync(join(folder, file), 'x'.repeat(kB * 1000))
  const manifest: Record<string, object> = {
    'index.html': { file: 'index', imports: ['shared'] },
    'src/pages/SignPage.vue': { file: 'sign', imports: ['shared'] },
    'src/console.ts': { file: 'shell', imports: ['shared'], dynamicImports: ['dialog'] },
    'src/pages/DeskPage.vue': { file: 'desk', css: [], imports: ['index.html'] },
    shared: { file: 'shared' },
    dialog: { file: 'dialog' },
  }
  change(manifest)
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const script = join(import.meta.dirname, '../scripts/sizes.mjs')
  const { status, stdout } = spawnSync('node', [script, folder, join(folder, 'manifest.json')], { encoding: 'utf8' })
  return { status, stdout }
}

it('counts what a page imports at once, each file once, and as it travels', () => {
  writeFileSync(join(folder, 'shell.br'), 'x'.repeat(2000))
  const { status, stdout } = check({ shell: 900, dialog: 900 })
  expect(status).toBe(0)
  expect(stdout).toContain('sign-in: 3.0 kB compressed in 3 files')
  expect(stdout).toContain('desk: 5.0 kB compressed in 4 files')
})

it.each<Record<string, number>>([{ sign: 61 }, { shared: 61 }, { desk: 181 }])(
  'fails where a page has grown beyond its limit: %o',
  (sizes) => {
    expect(check(sizes).status).toBe(1)
  },
)

it('fails where a page is no file of its own any more, and is not measured', () => {
  expect(check({}, (manifest) => delete manifest['src/pages/SignPage.vue']).status).toBe(1)
})

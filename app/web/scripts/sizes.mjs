// Fails where what a page needs at first has grown beyond what it may be, compressed: whoever
// opens the console by telephone waits for it. Run after compress.mjs.
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const folder = new URL('../dist/console/', import.meta.url).pathname
const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'))
const may = {
  'sign-in': { entries: ['index.html', 'src/pages/SignPage.vue'], kB: 120 },
  desk: { entries: ['index.html', 'src/ConsoleShell.vue', 'src/pages/DeskPage.vue'], kB: 180 },
}

/** The files of an entry with all that it imports at once. */
function files(name, seen = new Set()) {
  const { file, css = [], imports = [] } = manifest[name]
  for (const one of [file, ...css]) seen.add(one)
  for (const one of imports) if (!seen.has(manifest[one].file)) files(one, seen)
  return seen
}

/** As it travels: small files are not compressed. */
const size = (file) =>
  statSync(join(folder, `${file}.br`), { throwIfNoEntry: false })?.size ?? statSync(join(folder, file)).size

for (const [name, { entries, kB }] of Object.entries(may)) {
  const all = new Set(entries.flatMap((entry) => [...files(entry)]))
  const now = [...all].reduce((sum, file) => sum + size(file), 0) / 1000
  console.log(`${name}: ${now.toFixed(0)} kB compressed in ${all.size} files, of ${kB} kB`)
  if (now > kB) process.exitCode = 1
}
if (process.exitCode) console.error('More than it may be: load lazily what is not needed at once.')
rmSync(join(folder, '.vite'), { recursive: true }) // it is not served

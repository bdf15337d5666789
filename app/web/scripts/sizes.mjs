// Fails where what a page needs at first has grown beyond what limits.json lets it be, compressed:
// whoever opens the console by telephone waits for it. make test runs it on what was built last;
// node scripts/sizes.mjs CONSOLE MANIFEST on another build.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const at = (path) => new URL(path, import.meta.url).pathname
const [console_ = at('../dist/console'), list = at('../build/manifest.json')] = process.argv.slice(2)
const manifest = JSON.parse(readFileSync(list, 'utf8'))
const limits = JSON.parse(readFileSync(at('limits.json'), 'utf8'))

/** The files of an entry with all that it imports at once. */
function files(name, seen = new Set()) {
  if (!manifest[name]) throw new Error(`The console has no ${name} that is loaded by itself: correct limits.json.`)
  const { file, css = [], imports = [] } = manifest[name]
  for (const one of [file, ...css]) seen.add(one)
  for (const one of imports) if (!seen.has(manifest[one].file)) files(one, seen)
  return seen
}

/** As it travels: small files are not compressed. */
function size(file) {
  const compressed = join(console_, `${file}.br`)
  return statSync(existsSync(compressed) ? compressed : join(console_, file)).size
}

for (const [name, { entries, kB }] of Object.entries(limits)) {
  const all = new Set(entries.flatMap((entry) => [...files(entry)]))
  const now = [...all].reduce((sum, file) => sum + size(file), 0) / 1000
  console.log(`${name}: ${now.toFixed(1)} kB compressed in ${all.size} files, of ${kB} kB`)
  if (now > kB) process.exitCode = 1
}
if (process.exitCode) console.error('More than it may be: load lazily what is not needed at once.')

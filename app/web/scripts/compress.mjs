// Writes each file of the built console that is worth it a second and third time,
// compressed with Brotli and gzip, so that the server sends it without work. The list of
// what imports what is not served: it is put aside for sizes.mjs.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const folder = new URL('../dist/console/', import.meta.url).pathname
const build = new URL('../build/', import.meta.url).pathname
mkdirSync(build, { recursive: true })
renameSync(join(folder, '.vite/manifest.json'), join(build, 'manifest.json'))
rmSync(join(folder, '.vite'), { recursive: true })

const least = 1400 // bytes that travel in one packet

for (const name of readdirSync(folder, { recursive: true })) {
  if (!/\.(js|css|svg|json|webmanifest)$/.test(name)) continue
  const file = join(folder, name)
  const text = readFileSync(file)
  if (text.length <= least) continue
  writeFileSync(file + '.br', brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }))
  writeFileSync(file + '.gz', gzipSync(text, { level: 9 }))
}

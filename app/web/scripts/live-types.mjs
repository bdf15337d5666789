// Makes live/src/messages.gen.ts from the JSON schemas of the live protocol, or
// with --check fails where it is stale.
import { compile } from 'json-schema-to-typescript'
import { readdir, readFile, writeFile } from 'node:fs/promises'

const schemas = new URL('../../push/schema/', import.meta.url)
const out = new URL('../live/src/messages.gen.ts', import.meta.url)

const names = (await readdir(schemas)).filter((n) => n.endsWith('.json')).sort()
const parts = ['// Made from app/push/schema by npm run types. Do not edit.\n']
for (const name of names) {
  const schema = JSON.parse(await readFile(new URL(name, schemas), 'utf8'))
  parts.push(await compile(schema, schema.title, { bannerComment: '', format: false, unknownAny: true }))
}
const text = parts.join('\n')

if (process.argv.includes('--check')) {
  const there = await readFile(out, 'utf8').catch(() => '')
  if (there !== text) {
    console.error('live/src/messages.gen.ts is stale: run npm run types')
    process.exit(1)
  }
} else await writeFile(out, text)

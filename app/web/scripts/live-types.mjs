// Makes live/src/messages.gen.ts from the JSON schemas of the live protocol, or
// with --check fails where it is stale. For what an order is, the schemas refer
// to the API's description, so that the types of both are the same.
import { load } from 'js-yaml'
import { compile } from 'json-schema-to-typescript'
import { readdir, readFile, writeFile } from 'node:fs/promises'

const schemas = new URL('../../push/schema/', import.meta.url)
const description = new URL('../../httpapi/openapi.yaml', import.meta.url)
const out = new URL('../live/src/messages.gen.ts', import.meta.url)

const components = load(await readFile(description, 'utf8')).components.schemas
const definitions = {}

/** Returns a schema whose references are to definitions, and adds those that it needs. */
function resolve(schema) {
  if (Array.isArray(schema)) return schema.map(resolve)
  if (typeof schema !== 'object' || schema === null) return schema
  if (schema.$ref) {
    const name = schema.$ref.split('#/components/schemas/')[1]
    if (!components[name]) throw new Error(`There is no schema ${schema.$ref}`)
    if (!(name in definitions)) {
      definitions[name] = {} // it may refer to itself
      Object.assign(definitions[name], resolve(components[name]))
    }
    return { $ref: `#/definitions/${name}` }
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, resolve(value)]))
}

const names = (await readdir(schemas)).filter((n) => n.endsWith('.json')).sort()
const messages = []
for (const name of names) {
  const message = JSON.parse(await readFile(new URL(name, schemas), 'utf8'))
  delete message.$schema
  messages.push(resolve(message))
}
const whole = { title: 'Message', description: 'Any message of the live protocol.', oneOf: messages, definitions }
const text = await compile(whole, 'Message', {
  bannerComment: '// Made from app/push/schema and app/httpapi/openapi.yaml by npm run types. Do not edit.',
  format: false,
  unknownAny: true,
})

if (process.argv.includes('--check')) {
  const there = await readFile(out, 'utf8').catch(() => '')
  if (there !== text) {
    console.error('live/src/messages.gen.ts is stale: run npm run types')
    process.exit(1)
  }
} else await writeFile(out, text)

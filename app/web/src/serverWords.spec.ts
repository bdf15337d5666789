import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ApiError, explain } from './api'
import { errorText, isForPrograms, personText, takeWords } from './serverText'
import * as words from './serverWords'

takeWords(words)
const app = join(import.meta.dirname, '../..') // the server's packages

/** All codes that there are, by the names that the server's source has for them. */
const codes = new Map(
  [...readFileSync(join(app, 'problem/codes.go'), 'utf8').matchAll(/(\w+)\s*= code\(Kind(\w+), "(\w+)"/g)].map(
    ([, name, kind, code]) => [name!, { code: code!, kind: kind! }],
  ),
)
const status: Record<string, number> = {
  Invalid: 400,
  Unauthenticated: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  Unprocessable: 422,
  TooMany: 429,
  Internal: 500,
  Unavailable: 503,
}

/** The sentences of the server's source, with the name of the code of each. */
function* sentences() {
  for (const file of readdirSync(app, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.go') || file.endsWith('_test.go') || file.startsWith('web/')) continue
    const source = readFileSync(join(app, file), 'utf8')
    for (const [, name, raw, text] of source.matchAll(
      /problem\.New\(problem\.(\w+),\s*(?:`([^`]*)`|"((?:[^"\\]|\\.)*)")/g,
    ))
      if ((raw ?? text) !== '%s')
        // made up elsewhere
        yield { name: name!, text: (raw ?? text ?? '').replaceAll('\\"', '"') }
  }
}

describe('an error of the server', () => {
  it('is told to a person without what is for programs, for each code and each sentence that there is', () => {
    expect(codes.size).toBeGreaterThan(120)
    let seen = 0
    const bad: string[] = []
    for (const { name, text } of sentences()) {
      seen++
      const { code, kind } = codes.get(name) ?? { code: 'of sign-in', kind: 'Invalid' }
      const said = explain(new ApiError(status[kind] ?? 400, code, text, ''))
      if (isForPrograms(said) || said.length < 10) bad.push(`${code}: ${text} → ${said}`)
    }
    for (const { code, kind } of codes.values()) {
      const said = errorText(code, status[kind] ?? 400, 'Set "some_field" with PUT /api/things.')
      if (isForPrograms(said) || said.length < 10) bad.push(`${code} → ${said}`)
    }
    expect(seen).toBeGreaterThan(150)
    expect(bad).toEqual([])
  })

  it('has words for its code, and those codes are the server’s', () => {
    const known = new Set([...codes.values()].map((c) => c.code))
    expect(Object.keys({ ...words.always, ...words.instead }).filter((code) => !known.has(code))).toEqual([])
  })
})

it.each([
  'Store them with PUT /api/accounts/:id/credentials.',
  'Set "stream_mode" to auto, sse, ws or off.',
  'client_order_id is taken.',
  'Send it in the header X-Account-ID.',
  'It is not a UUID.',
])('%s is for programs', (text) => expect(personText(text, 'instead')).toBe('instead'))

it.each([
  'You have an account of this name already. Choose another name.',
  'It could be worth 1,500; at most 1,000 is allowed.',
  'Symbol BRK/B is not traded at the moment.',
  'The account “swing_trades” waits.'.replace('swing_trades', 'Swing trades'),
  'Mail ada_king@example.com about it.',
])('%s is for people', (text) => expect(personText(text, 'instead')).not.toBe('instead'))

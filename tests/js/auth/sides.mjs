// Paddock and a real Better Auth server, asked the same.
import assert from 'node:assert/strict'
import { browser } from './browser.mjs'
import { realServer } from './real.mjs'

export const password = 'a password for two'

/**
 * Both servers, each with its own user. options are the real server's, origin
 * is where both believe that browsers reach them.
 */
export async function sides({ paddock = process.env.BASE_URL, origin, options } = {}) {
  const real = await realServer({ trustedOrigins: process.env.TRUSTED_ORIGINS.split(','), ...(origin ? { baseURL: origin } : {}), ...options })
  const both = [{ name: 'paddock', base: paddock }, { name: 'real', base: real.base }]
  for (const s of both) {
    s.origin = origin ?? s.base
    s.email = `${s.name}-${Date.now()}-${Math.random().toString(36).slice(2)}@example.com`
    Object.assign(s, browser(s.base, s.origin))
  }

  /** What a step says in general, in the words of one side. */
  const fill = (value, s) => {
    if (value === undefined) return undefined
    const text = JSON.stringify(value).replaceAll('EMAIL_IN_CAPITALS', s.email.toUpperCase()).replaceAll('EMAIL', s.email).replaceAll('BASE', s.origin).replaceAll('HOST', new URL(s.origin).host)
    return JSON.parse(text.replaceAll('$TOKEN', token(s)))
  }

  /** Asks both, and answers what they said in general words. */
  const ask = (method, path, body, options) => Promise.all(both.map(async (s) => {
    const answer = await s.call(method, fill(path, s), fill(body, s), fill(options, s))
    return JSON.parse(JSON.stringify(shape(answer)).replaceAll(s.origin, 'BASE').replaceAll(s.email, 'EMAIL'))
  }))

  return {
    both,
    ask,
    /** Both answer alike. */
    async same(method, path, body, options) {
      const [ours, theirs] = await ask(method, path, body, options)
      assert.deepEqual(ours, theirs, `\n  paddock: ${JSON.stringify(ours)}\n  real:    ${JSON.stringify(theirs)}`)
      return ours
    },
    /** Runs SQL about each side's user, $1, and session token, $2, and answers the rows of both. */
    sql: (text) => Promise.all(both.map(async (s) => (await real.admin.query(text, text.includes('$2') ? [s.email, token(s)] : [s.email])).rows)),
    forget: () => both.forEach((s) => s.jar.clear()),
    close: real.close,
  }
}

/** The session token in a side's jar. */
const token = (side) => decodeURIComponent([...side.jar].find(([k]) => k.endsWith('session_token'))?.[1] ?? '').split('.')[0]

/** What must be alike of an answer. */
function shape({ status, json, cookies, headers }) {
  const kept = ['content-type', 'cache-control', 'pragma', 'location', 'allow', 'retry-after', 'x-retry-after']
  return {
    status,
    body: mask(json),
    cookies: cookieShapes(cookies),
    headers: Object.fromEntries(kept.filter((name) => headers[name] !== undefined).map((name) => [name, name === 'x-retry-after' ? seconds(headers[name]) : headers[name]])),
  }
}

/** The real server may set one cookie twice: the last counts, as in a browser. */
export function cookieShapes(lines) {
  const last = new Map(lines.map((c) => [c.split('=')[0], c.replace(/^([^=]+)=[^;]+/, '$1=(value)').split('; ').sort().join('; ')]))
  return [...last.values()].sort()
}

const seconds = (value) => (/^([1-9]|10)$/.test(value) ? '(1 to 10)' : value)
const random = (value) => (/^[A-Za-z0-9]{32}$/.test(value) ? '(random)' : value)

/** The address is masked too: the real server, without a proxy, records none. */
function mask(value) {
  if (Array.isArray(value)) return value.map(mask)
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).sort().map(([k, v]) => [k, k === 'ipAddress' ? '(address)' : ['id', 'token', 'userId'].includes(k) ? random(v) : mask(v)]))
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return '(time)'
  return value
}

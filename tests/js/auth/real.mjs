// A real Better Auth server on the same database, as paddock_auth.
import { betterAuth } from 'better-auth'
import { toNodeHandler } from 'better-auth/node'
import http from 'node:http'
import pg from 'pg'

export async function realServer() {
  const server = http.createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${server.address().port}`
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL_AUTH, options: '-c search_path=auth', max: 4 })
  const auth = betterAuth({
    database: pool, secret: process.env.SECRET, baseURL: base, emailAndPassword: { enabled: true },
    rateLimit: { enabled: false }, telemetry: { enabled: false }, logger: { disabled: true },
  })
  server.on('request', toNodeHandler(auth))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await pool.end()
  }
  return { base, close }
}

/** A caller with a cookie jar and an Origin of its server's own. */
export function browser(base) {
  const jar = new Map()
  return {
    jar,
    async call(method, path, body, { headers = {}, raw, cookies = true } = {}) {
      const sent = { ...(method === 'POST' ? { Origin: base } : {}), ...headers }
      for (const name of Object.keys(sent)) if (sent[name] === null) delete sent[name]
      if (body !== undefined && !raw && !sent['Content-Type']) sent['Content-Type'] = 'application/json'
      if (cookies && jar.size) sent.Cookie = [...jar].map(([k, v]) => `${k}=${v}`).join('; ')
      const response = await fetch(base + '/api/auth/' + path, {
        method, headers: sent, redirect: 'manual', body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      })
      for (const line of response.headers.getSetCookie()) {
        const [pair] = line.split(';')
        const at = pair.indexOf('=')
        if (/Max-Age=0/i.test(line)) jar.delete(pair.slice(0, at))
        else jar.set(pair.slice(0, at), pair.slice(at + 1))
      }
      const text = await response.text()
      let json
      try { json = JSON.parse(text) } catch { json = text }
      return { status: response.status, json, cookies: response.headers.getSetCookie(), headers: response.headers }
    },
  }
}

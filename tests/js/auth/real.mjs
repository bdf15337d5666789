// A real Better Auth server on the same database, with a login of its own in the group
// paddock_auth, and with the plugin twoFactor.
import { betterAuth } from 'better-auth'
import { toNodeHandler } from 'better-auth/node'
import { twoFactor } from 'better-auth/plugins'
import http from 'node:http'
import pg from 'pg'

export async function realServer(options = {}) {
  const server = http.createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${server.address().port}`
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL_AUTH, options: '-c search_path=auth', max: 4 })
  // For what the tests do to rows by hand, and no server may.
  const admin = new pg.Pool({ connectionString: process.env.DATABASE_URL_ADMIN, options: '-c search_path=auth', max: 2 })
  const settings = {
    database: pool, secret: process.env.SECRET, baseURL: base, emailAndPassword: { enabled: true },
    appName: 'Paddock', plugins: [twoFactor()],
    rateLimit: { enabled: false }, telemetry: { enabled: false }, logger: { disabled: true }, ...options,
  }
  server.on('request', toNodeHandler(betterAuth(settings)))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await pool.end()
    await admin.end()
  }
  return { base, close, admin, options: settings }
}

// What a browser sends: cookies from a jar, and an Origin of the page it is on.
import http from 'node:http'

/**
 * A caller with a cookie jar, on a page of origin. It speaks plain HTTP, as
 * fetch adds headers of its own (Sec-Fetch-Mode), which the servers look at.
 */
export function browser(base, origin = base) {
  const jar = new Map()
  return {
    jar,
    async call(method, path, body, { headers = {}, cookies = true } = {}) {
      const sent = { 'Content-Type': body === undefined ? null : 'application/json', Origin: method === 'POST' ? origin : null }
      if (cookies && jar.size) sent.Cookie = [...jar].map(([k, v]) => `${k}=${v}`).join('; ')
      Object.assign(sent, headers)
      for (const name of Object.keys(sent)) if (sent[name] === null) delete sent[name]
      const answer = await send(base, method, path, sent, typeof body === 'object' ? JSON.stringify(body) : body)
      for (const line of answer.cookies) {
        const [pair] = line.split(';')
        const at = pair.indexOf('=')
        if (/Max-Age=0/i.test(line)) jar.delete(pair.slice(0, at))
        else jar.set(pair.slice(0, at), pair.slice(at + 1))
      }
      return answer
    },
  }
}

function send(base, method, path, headers, body) {
  const { hostname, port } = new URL(base)
  return new Promise((done, failed) => {
    const request = http.request({ hostname, port, method, path: '/api/auth/' + path, headers }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      let json
      try { json = JSON.parse(text) } catch { json = text }
      done({ status: response.statusCode, json, cookies: response.headers['set-cookie'] ?? [], headers: response.headers })
    })
    request.on('error', failed)
    if (body !== undefined && !headers['Transfer-Encoding']) request.setHeader('Content-Length', Buffer.byteLength(body))
    request.end(body)
  })
}

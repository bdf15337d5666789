// The protocol's own npm client works with Paddock's tools, over HTTP and over stdio.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'

const { BASE_URL: base, TOKEN: token, PADDOCK: binary, ACCOUNT: account } = process.env
const overHTTP = (headers) => new StreamableHTTPClientTransport(new URL('/mcp', base), { requestInit: { headers } })

const ways = {
  HTTP: () => overHTTP({ Authorization: `Bearer ${token}` }),
  stdio: () => new StdioClientTransport({ command: binary, args: ['mcp'], env: { PADDOCK_URL: base, PADDOCK_TOKEN: token } }),
}

for (const [way, connect] of Object.entries(ways)) {
  test(`an order over ${way}, and a refusal`, async () => {
    const client = new Client({ name: 'test', version: '1' })
    await client.connect(connect())
    try {
      assert.equal(client.getServerVersion().name, 'paddock')
      assert.match(client.getInstructions(), /untrusted_text/)
      // The client checks each structured answer against the output schema that this lists.
      const { tools } = await client.listTools()
      assert.ok(tools.some((t) => t.name === 'place_order' && t.annotations.destructiveHint && t.annotations.idempotentHint))
      const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent

      const accounts = await call('list_accounts', {})
      assert.equal(accounts.data.accounts[0].id, account)
      const buy = { symbol: 'AAPL', side: 'buy', type: 'limit', limit_price: '1.00', time_in_force: 'gtc', qty: '2', client_order_id: `npm ${way}` }
      const order = await call('place_order', buy)
      assert.equal(order.outcome, 'done')
      assert.equal(order.account.environment, 'paper')
      assert.equal((await call('place_order', buy)).data.id, order.data.id)
      const no = await client.callTool({ name: 'place_order', arguments: { ...buy, qty: '9000', client_order_id: `too much ${way}` } })
      assert.ok(!no.isError)
      assert.deepEqual([no.structuredContent.outcome, no.structuredContent.refused[0].guard, no.structuredContent.refused[0].limit], ['refused', 'max_order_notional', '500'])
      const wrong = await client.callTool({ name: 'place_order', arguments: { ...buy, qty: -1 } })
      assert.ok(wrong.isError)
      assert.deepEqual(await call('cancel_order', { order_id: order.data.id }).then((r) => r.outcome), 'pending')
      assert.equal((await call('get_quotes', { symbols: ['AAPL'] })).outcome, 'done')
    } finally {
      await client.close()
    }
  })
}

test('a token that is none opens nothing', async () => {
  for (const headers of [{}, { Authorization: 'Bearer pdk_x' }]) {
    await assert.rejects(new Client({ name: 'test', version: '1' }).connect(overHTTP(headers)))
  }
})

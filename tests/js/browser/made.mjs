// Orders and their events that a test makes itself, so that there are as many as wanted.

export function order(n, change = {}) {
  const time = new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1000).toISOString().replace('Z', '000Z')
  return {
    id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
    alpaca_order_id: null,
    client_order_id: `made-${n}`,
    symbol: 'AAPL',
    side: n % 2 ? 'buy' : 'sell',
    type: 'limit',
    order_type: 'limit',
    time_in_force: 'day',
    asset_id: null,
    asset_class: null,
    expires_at: null,
    ratio_qty: null,
    order_class: '',
    position_intent: null,
    qty: '10',
    notional: null,
    limit_price: '180.25',
    stop_price: null,
    trail_price: null,
    trail_percent: null,
    hwm: null,
    extended_hours: false,
    filled_qty: '10',
    filled_avg_price: '180.2512',
    status: 'filled',
    intent_state: 'accepted',
    status_message: null,
    action: 'place',
    parent_alpaca_order_id: null,
    replaces: null,
    replaced_by: null,
    submitted_by: null,
    token_id: null,
    reason: null,
    orchestrator_agent_id: null,
    tag: null,
    sleeve_id: null,
    broker_request_id: null,
    created_at: time,
    submitted_at: time,
    filled_at: time,
    canceled_at: null,
    expired_at: null,
    failed_at: null,
    replaced_at: null,
    updated_at: time,
    ...change,
  }
}

/** The page's socket, from its next loading on: the server's own, into which a test speaks. */
export async function socketOf(page) {
  let socket, last
  await page.routeWebSocket(/\/api\/ws/, (ws) => {
    const server = ws.connectToServer()
    socket = ws
    server.onMessage((text) => {
      const m = JSON.parse(text)
      if (m.type === 'subscribed') last = m
      // What the server tells meanwhile counts: an event of a number that was told is taken for a repetition.
      if (m.type === 'event' && last?.account_id === m.account_id) last = { ...last, cursor: Math.max(last.cursor, m.cursor), resume: m.resume }
      ws.send(text)
    })
  })
  return {
    /** Waits until the account is followed. */
    ready: async () => {
      while (!last) await page.waitForTimeout(50)
    },
    forget: () => (last = undefined),
    /** Hands over what says nothing: that costs the test something by itself. */
    quiet: () => socket.send(JSON.stringify({ type: 'pong' })),
    /** Tells of an order's execution, as the server does. */
    fill: (o) => {
      last = { ...last, cursor: last.cursor + 1 }
      socket.send(
        JSON.stringify({
          type: 'event',
          account_id: last.account_id,
          cursor: last.cursor,
          resume: last.resume,
          kind: 'order',
          at: new Date().toISOString(),
          data: {
            event: 'fill',
            order: o,
            execution: {
              id: o.id,
              qty: '10',
              price: '180.25',
              at: o.created_at,
            },
            position_qty: '10',
          },
        }),
      )
    },
  }
}

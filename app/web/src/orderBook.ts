import type { Order } from './types'

/** Orders, the newest first. Taking one more costs little, however many there are. */
export class OrderBook {
  private orders: Order[] = []
  private readonly byId = new Map<string, Order>()
  private readonly byAlpacaId = new Map<string, string>() // Alpaca's id → the id that it goes by here

  find(id: string): Order | undefined {
    return this.byId.get(id)
  }

  /** A list that does not change any more. */
  list(): Order[] {
    return this.orders.slice()
  }

  /** Takes what is known of an order, unless what is there is newer. One that was read from
   * Alpaca goes by Alpaca's id until Paddock has one for it. */
  put(o: Order) {
    const twin = o.alpaca_order_id === null ? undefined : this.byAlpacaId.get(o.alpaca_order_id)
    if (twin !== undefined && twin !== o.id) {
      if (o.id === o.alpaca_order_id) return
      this.remove(twin)
    }
    const known = this.byId.get(o.id)
    if (known && known.updated_at > o.updated_at) return
    if (known && known.created_at === o.created_at) this.orders[this.place(known)] = o
    else {
      if (known) this.remove(o.id)
      this.orders.splice(this.first(o.created_at), 0, o)
    }
    this.byId.set(o.id, o)
    if (o.alpaca_order_id !== null) this.byAlpacaId.set(o.alpaca_order_id, o.id)
  }

  clear() {
    this.orders = []
    this.byId.clear()
    this.byAlpacaId.clear()
  }

  private remove(id: string) {
    const known = this.byId.get(id)
    if (!known) return
    this.orders.splice(this.place(known), 1)
    this.byId.delete(id)
  }

  /** The first place of an order that is as old as this, or older. */
  private first(created: string): number {
    let [low, high] = [0, this.orders.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.orders[middle]!.created_at > created) low = middle + 1
      else high = middle
    }
    return low
  }

  private place(known: Order): number {
    return this.orders.indexOf(known, this.first(known.created_at))
  }
}

// When an order on a live account is confirmed, and how: of each user's own choice, kept in this browser.
import Decimal from 'decimal.js'

export interface LivePreferences {
  /** The symbol is typed to confirm what is worth as much, in dollars, or more. */
  typeFrom: string
  /** What is worth less is not asked about; null: each order is. */
  askFrom: string | null
}

export const usual: LivePreferences = { typeFrom: '10000', askFrom: null }

const key = (user: string) => `paddock.live-orders.${user}`
const isAmount = (text: unknown): text is string => typeof text === 'string' && /^\d+(\.\d+)?$/.test(text)

/** What a user has chosen. Whatever cannot be read counts as not chosen: it is asked, then. */
export function livePreferences(user: string | undefined): LivePreferences {
  if (!user) return usual
  try {
    const { typeFrom, askFrom } = JSON.parse(localStorage.getItem(key(user)) ?? '{}') as Record<string, unknown>
    return { typeFrom: isAmount(typeFrom) ? typeFrom : usual.typeFrom, askFrom: isAmount(askFrom) ? askFrom : null }
  } catch {
    return usual
  }
}

export const keepLivePreferences = (user: string, chosen: LivePreferences) =>
  localStorage.setItem(key(user), JSON.stringify(chosen))

/** How something that is worth so much is confirmed. What it is worth is null where nobody knows: that
 * is asked about, and typed, since it may be any amount. */
export function confirmedBy(worth: string | null, chosen: LivePreferences): 'nothing' | 'button' | 'typing' {
  if (worth === null || new Decimal(worth).abs().gte(chosen.typeFrom)) return 'typing'
  return chosen.askFrom !== null && new Decimal(worth).abs().lt(chosen.askFrom) ? 'nothing' : 'button'
}

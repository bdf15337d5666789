// What kind of thing a symbol names.

/** What may be a symbol: AAPL, BRK.B, BTC/USD, AAPL261218C00200000. The server takes no other to be watched. */
const aSymbol = /^[A-Z0-9][A-Z0-9./]{0,20}$/
export const isSymbol = (text: string) => aSymbol.test(text)

/** A contract of options: its underlying, its day, call or put, and its strike. */
export const isOption = (symbol: string) => /^[A-Z0-9]{1,6}\d{6}[CP]\d{8}$/.test(symbol)

/** How a symbol is written where pairs of coins have no slash, as in positions. */
export const plain = (symbol: string | null) => (symbol ?? '').trim().toUpperCase().replaceAll('/', '')

/** Whether it is a pair of coins, which trade at all hours. A position has its pair without the slash, and says so. */
export const isPair = (symbol: string, assetClass?: string) => symbol.includes('/') || assetClass === 'crypto'

/** Of how many shares one unit of it is. */
export const unitsOf = (symbol: string | null | undefined) => (isOption(symbol ?? '') ? 100 : 1)

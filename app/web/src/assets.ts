// What can be traded, and how it is found.
import { isOption, plain } from './symbols'

export interface Tradable {
  symbol: string
  name: string
  coin: boolean
  tradable: boolean
}

interface ToldAsset {
  symbol: string
  name: string
  class: string
  tradable: boolean
}

const short = (asset: ToldAsset): Tradable => ({
  symbol: asset.symbol,
  name: asset.name.replace(/ (Common Stock|Ordinary Shares?)$/i, ''),
  coin: asset.class === 'crypto',
  tradable: asset.tradable,
})

/** The assets of an account's broker, of which symbols and names are looked for. */
export class AssetList {
  private readonly all: { asset: Tradable; symbol: string; name: string }[]
  private readonly known = new Map<string, Tradable>()

  constructor(told: ToldAsset[]) {
    this.all = told.map(short).map((asset) => ({ asset, symbol: plain(asset.symbol), name: asset.name.toUpperCase() }))
    for (const { asset, symbol } of this.all) this.known.set(symbol, asset)
  }

  find = (symbol: string) => this.known.get(plain(symbol))

  /** What is wrong with a symbol, in a sentence; '' where nothing is, as far as it is known here: options are not listed. */
  complaint(symbol: string): string {
    if (!symbol.trim() || isOption(plain(symbol))) return ''
    const asset = this.find(symbol)
    if (!asset) return `Alpaca has no “${symbol.trim().toUpperCase()}”.`
    return asset.tradable ? '' : `${asset.symbol} cannot be traded at Alpaca now.`
  }

  /** What a text may be meant for, the likeliest first: the symbol itself, symbols that begin so, names with a
   * word that does, and names that have it within. What cannot be traded comes last. */
  search(text: string, most = 12): Tradable[] {
    const symbol = plain(text)
    const name = text.trim().toUpperCase()
    if (!symbol) return []
    const rank = (one: { asset: Tradable; symbol: string; name: string }) => {
      const of =
        one.symbol === symbol
          ? 0
          : one.symbol.startsWith(symbol)
            ? 1
            : one.name.startsWith(name)
              ? 2
              : one.name.includes(` ${name}`)
                ? 3
                : name.length > 2 && one.name.includes(name)
                  ? 4
                  : -1
      return of < 0 || one.asset.tradable ? of : of + 5
    }
    return this.all
      .map((one) => ({ asset: one.asset, of: rank(one) }))
      .filter(({ of }) => of >= 0)
      .sort(
        (a, b) =>
          a.of - b.of || a.asset.symbol.length - b.asset.symbol.length || (a.asset.symbol < b.asset.symbol ? -1 : 1),
      )
      .slice(0, most)
      .map(({ asset }) => asset)
  }
}

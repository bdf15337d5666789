// How a locale writes numbers, and how what is typed in it is read. The numbers are texts such
// as 1234.5, written and read digit by digit: a float would show cents that are not there.
import { locale as own } from './locale'

interface Form {
  /** The least and the most decimals. */
  least?: number
  most?: number
  /** In dollars. */
  dollars?: boolean
  /** With a + before what is above 0. */
  signed?: boolean
  /** Without anything between thousands, as a field has it. */
  plain?: boolean
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export class Numbers {
  /** What stands before the decimals. */
  readonly point: string
  private readonly group: string
  private readonly shape: RegExp
  /** A letter of what is typed, as it is read. */
  private readonly letter: (c: string) => string
  private readonly made = new Map<string, Intl.NumberFormat>()

  constructor(private readonly locale: string) {
    const parts = this.format({ most: 1 }).formatToParts(1234567.8)
    const part = (type: Intl.NumberFormatPartTypes) => parts.find((p) => p.type === type)?.value ?? ''
    const digits = [...this.format({ plain: true, most: 0 }).format(9876543210)].reverse()
    const latin = new Map(digits.map((digit, n) => [digit, String(n)]))
    this.point = part('decimal')
    this.group = part('group')
    // Keyboards have neither every space nor every apostrophe, and Arabic ones another comma.
    const alike = [/\s/, /['’]/].find((kind) => kind.test(this.group))
    this.letter = (c) =>
      latin.get(c) ?? (alike?.test(c) ? this.group : this.point === '٫' && /[,،]/.test(c) ? this.point : c)
    const between = this.group ? `(?:${escape(this.group)}\\d+)*` : ''
    this.shape = new RegExp(`^(\\d+${between})(?:${escape(this.point)}(\\d+))?$`)
  }

  private format({ least = 0, most = 20, dollars = false, signed = false, plain = false }: Form) {
    const key = [least, most, dollars, signed, plain].join()
    let format = this.made.get(key)
    if (!format) {
      format = new Intl.NumberFormat(this.locale, {
        minimumFractionDigits: least,
        maximumFractionDigits: Math.max(least, most),
        signDisplay: signed ? 'exceptZero' : 'negative',
        useGrouping: plain ? false : 'always',
        ...(dollars && { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol' }),
      })
      this.made.set(key, format)
    }
    return format
  }

  /** A number as the locale writes it; a minus is a minus sign, and no hyphen. */
  write(value: string, form: Form = {}): string {
    return this.format(form)
      .format(value as Intl.StringNumericLiteral)
      .replace('-', '−')
  }

  /** What is typed, as 1234.5; null where the locale writes no number so. What stands between
   * thousands is needed nowhere, and must stand where the locale puts it: where 12,5 could be
   * meant for 12.5, it is not read as 125. */
  read(text: string): string | null {
    const all = this.latin(text)
    const [, typed, decimals] = this.shape.exec(all) ?? []
    if (typed === undefined) return null
    const whole = this.group ? typed.replaceAll(this.group, '') : typed
    if (whole !== typed && typed !== this.latin(this.write(whole))) return null
    return whole.replace(/^0+(?=\d)/, '') + (decimals ? `.${decimals}` : '')
  }

  /** The text with 0 to 9 for the locale's digits, and its own separators. */
  private latin = (text: string) => [...text.replace(/\p{Cf}/gu, '').trim()].map(this.letter).join('')
}

/** As the user's browser has it. */
export const numbers = new Numbers(own)

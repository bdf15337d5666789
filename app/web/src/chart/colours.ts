// The page's colours, which its theme has: a canvas knows no variables of style sheets.

export interface Colours {
  card: string
  line: string
  text: string
  muted: string
  up: string
  down: string
  accent: string
}

/** A colour such as #fff or #131c2f, so much of it. */
export function faint(colour: string, much: number): string {
  const digits = colour.replace('#', '')
  const six = digits.length === 3 ? [...digits].map((d) => d + d).join('') : digits
  const [r, g, b] = [0, 2, 4].map((n) => Number.parseInt(six.slice(n, n + 2), 16))
  return `rgba(${r}, ${g}, ${b}, ${much})`
}

export function pageColours(): Colours {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim() || '#888888'
  return {
    card: of('card'),
    line: of('line'),
    text: of('text'),
    muted: of('muted'),
    up: of('up'),
    down: of('down'),
    accent: of('open'),
  }
}

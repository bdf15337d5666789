// The colours of charts: those of the page, in either theme. A chart draws on a canvas, to which
// style sheets do not reach.
import { onScopeDispose } from 'vue'

const names = ['bg', 'card', 'line', 'text', 'muted', 'up', 'down', 'accent', 'warn', 'open'] as const
export type ChartColors = Record<(typeof names)[number], string>

/** The page's colours as they are now. */
export function chartColors(): ChartColors {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as ChartColors
}

/** A colour of which something behind is seen: alpha is from 0 to 1. */
export function faded(color: string, alpha: number): string {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(color)
  const whole = short ? `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}` : color
  const share = Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')
  return /^#[\da-f]{6}$/i.test(whole) ? whole + share : color
}

/** Calls paint whenever the theme changes, until the component is gone. */
export function onTheme(paint: (colors: ChartColors) => void) {
  const light = matchMedia('(prefers-color-scheme: light)')
  const changed = () => paint(chartColors())
  light.addEventListener('change', changed)
  onScopeDispose(() => light.removeEventListener('change', changed))
}

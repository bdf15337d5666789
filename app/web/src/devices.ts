// Which device a session is of, by the User-Agent of the request that began it.

const browsers: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

const first = (list: [RegExp, string][], agent: string) => list.find(([pattern]) => pattern.test(agent))?.[1]

/** Browser and system in words, such as “Firefox on Windows”. What is no browser is called as it calls itself. */
export function deviceName(agent: string | null | undefined): string {
  if (!agent) return 'Unknown device'
  const browser = first(browsers, agent) ?? agent.split(/[\s/(]/, 1)[0]?.slice(0, 40)
  const system = first(systems, agent)
  return [browser || 'Unknown program', system].filter(Boolean).join(' on ')
}

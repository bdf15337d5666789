// When nobody wants to be told.

/** Each day from one time of the day until another, over midnight too. */
export interface QuietHours {
  from: string // such as 22:00
  until: string
}

/** Where the user is, by their device. */
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone

const formats = new Map<string, Intl.DateTimeFormat>()

/** The time of the day in a time zone, such as 07:05. */
export function clockIn(zone: string, at: Date): string {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    formats.set(zone, format)
  }
  return format.format(at)
}

/** Whether a moment is in the quiet hours. They are what clocks show: where these change, an hour
 * that comes twice is quiet twice. */
export function isQuietHour(hours: QuietHours | null, at: Date, zone = ownZone()): boolean {
  if (!hours) return false
  const { from, until } = hours
  if (from === until || ![from, until].every((time) => /^\d\d:\d\d$/.test(time))) return false // not typed in whole
  const now = clockIn(zone, at)
  return from < until ? from <= now && now < until : from <= now || now < until
}

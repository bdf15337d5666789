import { locale } from './locale'

// Times as people read them, each by a formatter that is made once: making one costs more
// than a whole row.
const format = (options: Intl.DateTimeFormatOptions) => {
  let made: Intl.DateTimeFormat | undefined
  return (at: string | Date) => (made ??= new Intl.DateTimeFormat(locale, options)).format(new Date(at))
}

/** The time of day alone. */
export const clock = format({ timeStyle: 'medium' })
export const minute = format({ timeStyle: 'short' })
/** Day and time, to the minute and to the second. */
export const dayAndTime = format({ dateStyle: 'short', timeStyle: 'short' })
export const dayAndSecond = format({ dateStyle: 'short', timeStyle: 'medium' })
/** In words of one's own language, for what is read one at a time. */
export const moment = format({ dateStyle: 'medium', timeStyle: 'medium' })
export const longMoment = format({ dateStyle: 'medium', timeStyle: 'short' })
const thisYear = format({ month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' })

/** The time alone, for what happened today. */
export function when(at: string | Date): string {
  const time = new Date(at)
  return time.toDateString() === new Date().toDateString() ? clock(time) : thisYear(time)
}

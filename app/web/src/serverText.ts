// Sentences of the server's, which speaks to programs first.
import { numbers } from './numbers'
import { dayAndTime } from './time'

const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/
// Neither a part of a name or an address, nor a number that everybody reads alike, such as a year.
const figure = /(?<![\p{L}\p{N}_.:/-])-?(?:\d+\.\d+|\d{5,})(?![\p{L}\p{N}_:/-]|\.\d)/u
const both = new RegExp(`${time.source}|${figure.source}`, 'gu')

/** A sentence of the server's with times and numbers as they are written here. */
export const localText = (text: string) =>
  text.replace(both, (found) => (time.test(found) ? dayAndTime(found) : numbers.write(found)))

// A method with its path, a path alone, a field's name in quotes or with underscores, a header, a setting,
// and how programs write things down.
const forPrograms = [
  /\b(GET|POST|PUT|PATCH|DELETE) \//,
  /\/(api|v\d)\//,
  /["`“][a-z]+(_[a-z]+)*["`”]/,
  /(?<![\p{L}\p{N}@._-])[a-z]+(_[a-z]+)+(?![\p{L}\p{N}@_-])/u,
  /\b(X-[A-Z][\w-]+|[A-Z][a-z]+-(After|Key|Type)|Authorization|PADDOCK_\w+|UUID|JSON|RFC 3339)\b/,
]

/** Whether a sentence is of use to who writes a program alone. */
export const isForPrograms = (text: string) => forPrograms.some((of) => of.test(text))

/** A sentence of the server's for a person; where it is for programs, what else is said of it. */
export const personText = (text: string, otherwise: string) => (isForPrograms(text) ? otherwise : localText(text))

interface Words {
  /** By code, instead of whatever the server says. */
  always: Record<string, string>
  /** By code, where what the server says is for programs. */
  instead: Record<string, string>
  byStatus: (status: number) => string
}
let words: Words | undefined

/** Takes the console's own words (serverWords.ts). They come a little later than the rest, since
 * hardly anybody ever reads one. */
export const takeWords = (own: Words) => (words = own)

/** An error of the server's in words for a person. */
export const errorText = (code: string, status: number, text: string) =>
  words?.always[code] ??
  personText(text, words?.instead[code] ?? words?.byStatus(status) ?? 'That did not work. Try again in a moment.')

// Sentences of the server's, which writes times and numbers as programs do.
import { numbers } from './numbers'
import { dayAndTime } from './time'

const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/
// Neither a part of a name or an address, nor a number that everybody reads alike, such as a year.
const figure = /(?<![\p{L}\p{N}_.:/-])-?(?:\d+\.\d+|\d{5,})(?![\p{L}\p{N}_:/-]|\.\d)/u
const both = new RegExp(`${time.source}|${figure.source}`, 'gu')

/** A sentence of the server's with times and numbers as they are written here. */
export const localText = (text: string) =>
  text.replace(both, (found) => (time.test(found) ? dayAndTime(found) : numbers.write(found)))

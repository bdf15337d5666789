// An authenticator app: it reads a URI and makes codes.
import { createHmac } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The secret of a URI that a QR code has. */
export function secretOf(uri) {
  let bits = ''
  for (const letter of new URL(uri).searchParams.get('secret')) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
}

/** The code of a time step, that many after the current one. */
export function codeOf(secret, after = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + after))
  const sum = createHmac('sha1', secret).update(counter).digest()
  const number = sum.readUInt32BE(sum.at(-1) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

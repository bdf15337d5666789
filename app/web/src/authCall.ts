// Calls of sign-in, by Better Auth's client, fail as those of the API do.
import { ApiError } from './api'

interface Answer<T> {
  data?: T | null
  error: { status: number; code?: string; message?: string } | null
}

/** What sign-in answered, or its error in words for a person; words has those of some codes. */
export async function answerOf<T>(
  asked: Promise<Answer<T>>,
  words: Record<string, string> = {},
): Promise<NonNullable<T>> {
  const { data, error } = await asked.catch(() => {
    throw new ApiError(0, 'unreachable', 'Paddock cannot be reached. Check your connection and try again.', '')
  })
  if (!error) return data as NonNullable<T>
  const code = error.code ?? ''
  const known: Record<string, string> = {
    INVALID_PASSWORD: 'This is not your password.',
    INVALID_CODE: 'This code is wrong, or was used already. Wait for the next one.',
    INVALID_BACKUP_CODE: 'This backup code is wrong, or was used already.',
    ACCOUNT_TEMPORARILY_LOCKED: 'Too many codes were wrong. Try again in a quarter of an hour.',
    ...words,
  }
  // Better Auth puts the field before some words: [body.email] Invalid …
  const message = known[code] ?? error.message?.replace(/^\[body\.\w+\] /, '')
  throw new ApiError(error.status, code || 'error', message || 'That did not work. Try again in a moment.', '')
}

// Calls of sign-in, by Better Auth's client, fail as those of the API do.
import { ApiError } from './api'

interface Answer {
  data?: unknown
  error: { status: number; code?: string; message?: string } | null
}

/** What sign-in answered. A refusal is thrown in the words for its code, or else in the server's. */
export async function answerOf<T extends Answer>(call: Promise<T>, words: Record<string, string> = {}) {
  const answer = await call.catch(() => {
    throw new ApiError(0, 'unreachable', 'Paddock cannot be reached. Check your connection and try again.', '')
  })
  const { error } = answer
  if (error)
    throw new ApiError(
      error.status,
      error.code ?? 'sign',
      // Better Auth puts the field before some words: [body.email] Invalid …
      words[error.code ?? ''] ??
        (error.message?.replace(/^\[body\.\w+\] /, '') || 'That did not work. Try again in a moment.'),
      '',
    )
  return answer.data as NonNullable<T['data']>
}

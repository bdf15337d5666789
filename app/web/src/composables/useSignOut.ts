import { useRouter } from 'vue-router'
import { auth } from '../auth'
import { useNotices } from '../stores/notices'

/** Ends the session, or says that it has not ended. */
export function useSignOut() {
  const router = useRouter()
  const notices = useNotices()
  return async () => {
    // Without a network it throws; what the server refuses, it answers.
    const { error } = await auth.signOut().catch(() => ({ error: true }))
    if (error)
      notices.add({
        severity: 'error',
        summary: 'You are still signed in',
        detail: 'Paddock did not answer. Try again in a moment.',
      })
    else await router.push('/')
  }
}

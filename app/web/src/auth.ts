import { twoFactorClient } from 'better-auth/client/plugins'
import { createAuthClient } from 'better-auth/vue'

// A session is extended when sign-in is asked about it, so an open console asks
// now and then: nobody who works all week is signed out in the middle of it.
export const auth = createAuthClient({ plugins: [twoFactorClient()], sessionOptions: { refetchInterval: 6 * 3600 } })

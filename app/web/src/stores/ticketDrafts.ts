import { defineStore } from 'pinia'
import { reactive, watch } from 'vue'
import { emptyTicket, type Ticket } from '../ticket'
import { useAccounts } from './accounts'

interface Draft {
  ticket: Ticket
  /** Whether its second part is shown. */
  more: boolean
}

/** What is filled in on the ticket and not sent yet, of each account by itself: it is there again
 * when one comes back to the desk. In memory alone, and of one user. */
export const useTicketDrafts = defineStore('ticketDrafts', () => {
  const accounts = useAccounts()
  const drafts = new Map<string | null, Draft>()

  function of(account: string | null): Draft {
    const draft = drafts.get(account) ?? reactive({ ticket: emptyTicket(), more: false })
    drafts.set(account, draft)
    return draft
  }

  // Nothing of one user stays for the next, nor of an account that is theirs no longer.
  watch(
    () => accounts.list.map((a) => a.id),
    (ids) => {
      for (const id of drafts.keys()) if (id === null || !ids.includes(id)) drafts.delete(id)
    },
    { flush: 'sync' },
  )
  return { of }
})

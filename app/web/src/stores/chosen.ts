import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useCurrentAccount } from './currentAccount'

/** The symbol that the desk is about: the ticket's, which is chosen in lists, too. */
export const useChosen = defineStore('chosen', () => {
  const symbol = ref('')
  const choose = (to: string) => (symbol.value = to.trim().toUpperCase())
  useCurrentAccount().keep({ clear: () => choose(''), load: () => Promise.resolve() })
  return { symbol, choose }
})

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { api } from '../api'
import type { AssetList } from '../assets'
import { useCurrentAccount } from './currentAccount'

/** What can be traded at Alpaca: some ten thousand, which are the same for everybody. They are read once, when
 * somebody looks for one, with the keys of the account that is shown. */
export const useAssets = defineStore('assets', () => {
  const current = useCurrentAccount()
  const list = shallowRef<AssetList | null>(null)
  let reading = false

  async function load() {
    const { id } = current
    if (list.value || reading || !id || current.needsKeys) return
    reading = true
    try {
      const classes = ['us_equity', 'crypto']
      const [{ AssetList }, ...told] = await Promise.all([
        import('../assets'),
        ...classes.map((c) => api.assets(id, c)),
      ] as const)
      list.value = new AssetList(told.flat())
    } catch {
      // It is tried again when somebody looks for something next; what is typed is taken as it is.
    } finally {
      reading = false
    }
  }

  return { list, load }
})

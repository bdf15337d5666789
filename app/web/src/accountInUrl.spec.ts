// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { accountOf, forgetAccountInUrl, keepAccountInUrl } from './accountInUrl'
import { useAccounts } from './stores/accounts'
import { anAccount } from './testing/fixtures'

let mine: string[]
beforeEach(() => {
  mine = ['paper', 'live']
  localStorage.clear()
  sessionStorage.clear()
  vi.stubGlobal('fetch', () =>
    Promise.resolve(new Response(JSON.stringify({ accounts: mine.map((id) => anAccount({ id, name: id })) }))),
  )
})

/** A page that is loaded at an address: nothing is left of the one before but what the browser keeps. */
async function open(address: string) {
  setActivePinia(createPinia())
  const page = { template: '' }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page, meta: { title: '' } },
      { path: '/journal', component: page, meta: { title: '' } },
      { path: '/invitation', component: page, meta: { title: '', apart: true } },
    ],
  })
  keepAccountInUrl(router)
  const accounts = useAccounts()
  await router.push(address)
  await accounts.load()
  await flushPromises()
  const state = () => [router.currentRoute.value.fullPath, accounts.selectedId, accounts.strange]
  const go = async (act: () => unknown) => {
    await act()
    await flushPromises()
    return state()
  }
  return { router, accounts, state, go }
}

it('stays on the account of its address, whatever another tab chose last', async () => {
  const tab = await open('/')
  expect(tab.state()).toEqual(['/?account=paper', 'paper', null])
  localStorage.setItem('paddock.account', 'live') // in the other tab
  expect((await open('/?account=paper')).state()).toEqual(['/?account=paper', 'paper', null])
  // Where the address names none, the tab's own session does, and then what was chosen last anywhere.
  expect((await open('/journal')).state()).toEqual(['/journal?account=paper', 'paper', null])
  sessionStorage.clear()
  localStorage.setItem('paddock.account', 'live')
  expect((await open('/')).state()).toEqual(['/?account=live', 'live', null])
})

it('goes back to the account before, and takes the account along to other pages', async () => {
  const { router, accounts, go } = await open('/?account=paper')
  expect(await go(() => accounts.select('live'))).toEqual(['/?account=live', 'live', null])
  expect(await go(() => router.push('/journal'))).toEqual(['/journal?account=live', 'live', null])
  expect(await go(() => router.back())).toEqual(['/?account=live', 'live', null])
  expect(await go(() => router.back())).toEqual(['/?account=paper', 'paper', null])
  expect(await go(() => router.push('/invitation#token'))).toEqual(['/invitation#token', 'paper', null])
})

it('shows no other account in place of one that is not the user’s', async () => {
  const { router, accounts, state, go } = await open('/?account=foreign')
  expect(state()).toEqual(['/?account=foreign', null, 'foreign'])
  expect(await go(() => router.push('/journal'))).toEqual(['/journal?account=foreign', null, 'foreign'])
  expect(await go(() => accounts.load())).toEqual(['/journal?account=foreign', null, 'foreign'])
  expect(await go(() => accounts.select('live'))).toEqual(['/journal?account=live', 'live', null])
  mine = ['paper'] // it was shared, and is no longer
  expect(await go(() => accounts.load())).toEqual(['/journal?account=live', null, 'live'])
  mine = []
  expect((await go(() => accounts.load())).slice(1)).toEqual([null, null])
})

it('leaves nothing of a user for the next', async () => {
  const { router, accounts, go } = await open('/journal?account=live')
  accounts.forget()
  expect(await go(() => forgetAccountInUrl(router))).toEqual(['/journal', null, null])
  mine = ['other']
  expect(await go(() => accounts.load())).toEqual(['/journal?account=other', 'other', null])
  expect(accountOf({ query: { account: ['a', 'b'] } })).toBeNull()
})

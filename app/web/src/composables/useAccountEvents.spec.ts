import { createPinia, setActivePinia } from 'pinia'
import { expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useCurrentAccount } from '../stores/currentAccount'
import { guardEvent } from '../testing/fixtures'
import { useAccountEvents } from './useAccountEvents'

it('hands on the events of the account that is shown, until its scope ends', () => {
  setActivePinia(createPinia())
  const current = useCurrentAccount()
  current.show('a')
  const listener = vi.fn()
  const scope = effectScope()
  scope.run(() => useAccountEvents(listener))
  for (const account of ['a', 'b']) current.apply(guardEvent(account))
  expect(listener.mock.calls).toEqual([[guardEvent('a')]])
  scope.stop()
  current.apply(guardEvent('a'))
  expect(listener).toHaveBeenCalledTimes(1)
})

// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import App from './App.vue'

const session = vi.hoisted(() => ({ value: null as unknown as { value: Record<string, unknown> } }))
vi.mock('./auth', () => ({ auth: { useSession: () => session.value } }))
vi.mock('./pages/SignPage.vue', () => ({ default: { render: () => null, template: '' } }))
vi.mock('./console', () => ({ equip: () => ({ render: () => null }) }))

it('what is typed to sign in stays while it is asked again who is signed in', async () => {
  const state = (isPending: boolean, error: unknown = null) => ({ data: null, isPending, error, refetch: () => {} })
  const now = ref<Record<string, unknown>>(state(true))
  session.value = now
  const app = mount(App, { global: { stubs: { SignPage: true } } })
  expect(app.text()).toContain('Loading')
  now.value = state(false)
  await nextTick()
  await vi.dynamicImportSettled()
  const form = app.find('main').element
  expect(form).toBeTruthy()
  now.value = state(true) // asked again, as when the window is looked at
  await nextTick()
  expect(app.text()).not.toContain('Loading')
  expect(app.find('main').element).toBe(form)
  now.value = state(false)
  await nextTick()
  expect(app.find('main').element).toBe(form)
})

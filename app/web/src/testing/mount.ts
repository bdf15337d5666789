// What tests of components share: a component is mounted as the console does
// it, and the requests that it sends are answered by the test.
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, getActivePinia, setActivePinia } from 'pinia'
import PrimeVue from 'primevue/config'
import ConfirmationService from 'primevue/confirmationservice'
import { afterEach, beforeEach, vi } from 'vitest'
import { h, type Component } from 'vue'
import ConfirmationDialog from '../components/ConfirmationDialog.vue'
import { useAccounts } from '../stores/accounts'
import { anAccount } from './fixtures'
import type { Account } from '../types'

export interface Asked {
  method: string
  url: string
  account: string | undefined
  key: string | undefined
  body: unknown
  answer: (body: unknown, status?: number) => Promise<void>
  /** The connection breaks: nobody knows what became of the request. */
  lose: () => Promise<void>
}

/** The requests that were sent in this test, in order. */
export const asked: Asked[] = []

/** The requests of a method to a path, the newest first. */
export const requests = (method: string, path: string) =>
  asked.filter((q) => q.method === method && q.url.split('?')[0] === path).reverse()

let mounted: VueWrapper[] = []

/** Sets a test file up. */
export function useComponentTests() {
  beforeEach(() => {
    asked.length = 0
    setActivePinia(createPinia())
    localStorage.clear()
    sessionStorage.clear()
    vi.stubGlobal(
      'fetch',
      (url: string, init: { method: string; headers: Record<string, string>; body?: string }) =>
        new Promise<Response>((resolve, reject) => {
          asked.push({
            method: init.method,
            url,
            account: init.headers['X-Account-ID'],
            key: init.headers['Idempotency-Key'],
            body: init.body ? JSON.parse(init.body) : undefined,
            answer: async (body, status = 200) => {
              resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }))
              await settled()
            },
            lose: async () => {
              reject(new TypeError('network'))
              await settled()
            },
          })
        }),
    )
    vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }))
  })
  afterEach(() => {
    for (const wrapper of mounted) wrapper.unmount()
    mounted = []
    document.body.innerHTML = ''
    vi.unstubAllGlobals()
  })
}

/** Waits until what was answered has been shown. */
export async function settled() {
  await vi.dynamicImportSettled()
  for (let i = 0; i < 5; i++) await flushPromises()
}

/** Mounts a component beside the dialog of confirmations, with an account selected. */
export async function show(component: Component, props: Record<string, unknown> = {}, account: Partial<Account> = {}) {
  const accounts = useAccounts()
  accounts.list = [anAccount(account), anAccount({ id: 'b', name: 'Other' })]
  accounts.select(accounts.list[0]!.id)
  const root = { render: () => [h(component, props), h(ConfirmationDialog)] }
  const wrapper = mount(root, {
    attachTo: document.body,
    global: { plugins: [getActivePinia()!, PrimeVue, ConfirmationService], stubs: { RouterLink: true } },
  })
  mounted.push(wrapper)
  await settled()
  return wrapper.findComponent(component)
}

/** The element of a test id, wherever in the page: dialogs stand at its end. */
export function at<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.querySelector<E>(`[data-testid="${id}"]`)
  if (!found) throw new Error(`There is no ${id}`)
  return found
}
export const isThere = (id: string) => document.querySelector(`[data-testid="${id}"]`) !== null
export const text = (id: string) => at(id).textContent!.replace(/\s+/g, ' ').trim()

export async function click(id: string) {
  at(id).click()
  await settled()
}

export async function fill(id: string, value: string) {
  const field = at<HTMLInputElement>(id)
  field.value = value
  field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }))
  await settled()
}

/** Chooses one of a row of buttons by what it says. */
export async function choose(id: string, name: string) {
  const button = [...at(id).querySelectorAll('button')].find((b) => b.textContent?.trim() === name)
  if (!button) throw new Error(`${id} has no button ${name}`)
  button.click()
  await settled()
}

/** Checks or clears a box. */
export async function check(id: string) {
  at(id).querySelector('input')!.click()
  await settled()
}

export async function submit(id: string) {
  at<HTMLFormElement>(id).dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
  await settled()
}

// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { h, ref } from 'vue'
import { later } from './later'
import { useNotices } from './stores/notices'
import { isThere, settled, show, useComponentTests } from './testing/mount'

useComponentTests()

it('says what could not be loaded, closes it, and loads it when it is opened again', async () => {
  let away = true
  const dialog = { __esModule: true, default: () => h('p', { 'data-testid': 'dialog' }) } // as a script is loaded
  const Dialog = later(() => (away ? Promise.reject(new Error('away')) : Promise.resolve(dialog)))
  const open = ref(true)
  const close = () => (open.value = false)
  await show(() => open.value && h(Dialog, { onClose: close }))
  await settled()
  expect([isThere('dialog'), open.value, useNotices().shown.length]).toEqual([false, false, 1])
  away = false
  open.value = true
  await settled()
  expect(isThere('dialog')).toBe(true)
})

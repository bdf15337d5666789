// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { api, ApiError, explain, whenStepUpIsRequired } from '../api'
import { auth } from '../auth'
import { asking, askStepUp, endStepUp, ensureStepUp } from '../stepUp'
import { click, fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import { noLimits } from '../testing/fixtures'
import StepUpDialog from './StepUpDialog.vue'

vi.mock('../auth', () => ({ auth: { useSession: vi.fn() } }))

useComponentTests()
const Host = defineComponent({ render: () => (asking.value ? h(StepUpDialog) : h('i')) })
const required = { code: 'step_up_required', message: 'x', request_id: '' }
let app = false

beforeEach(async () => {
  vi.mocked(auth.useSession as () => unknown).mockImplementation(() =>
    ref({ data: { user: { twoFactorEnabled: app } } }),
  )
  whenStepUpIsRequired(askStepUp)
  await show(Host)
})
afterEach(() => {
  endStepUp(false)
  app = false
})

const steps = () => requests('POST', '/api/user/step-up')
const guards = () => requests('PUT', '/api/guards')

describe('a step-up', () => {
  it('is asked for once for all requests that need it, which are sent again after it', async () => {
    const done = Promise.all([api.setGuards('a', noLimits), api.setGuards('b', noLimits)])
    await guards()[0]!.answer(required, 403)
    await guards()[1]!.answer(required, 403)
    expect(isThere('step-up-turn')).toBe(false)
    await fill('step-up-given', 'wrong')
    await submit('step-up-form')
    expect(steps()[0]!.body).toEqual({ password: 'wrong' })
    await steps()[0]!.answer({ code: 'step_up_refused', message: 'This is not your password.', request_id: '' }, 403)
    expect(text('step-up-error')).toContain('This is not your password.')
    await fill('step-up-given', 'a good password')
    await submit('step-up-form')
    await steps()[0]!.answer({ until: '2026-01-01T00:00:00Z' })
    expect(isThere('step-up-form')).toBe(false)
    expect(guards().length).toBe(4)
    await guards()[0]!.answer({})
    await guards()[1]!.answer({})
    expect(await done).toEqual([{}, {}])
  })

  it('can be left, and then nothing is sent again', async () => {
    const failed = api.setGuards('a', noLimits).catch((e: unknown) => e)
    await guards()[0]!.answer(required, 403)
    endStepUp(false)
    await settled()
    const e = await failed
    expect(e).toBeInstanceOf(ApiError)
    expect(explain(e)).toContain('Nothing was changed')
    expect(guards().length).toBe(1)
  })

  it('takes a code of the app, where there is one', async () => {
    app = true
    const shown = askStepUp()
    await settled()
    await click('step-up-turn')
    await fill('step-up-given', '123 456')
    await submit('step-up-form')
    expect(steps()[0]!.body).toEqual({ code: '123456' })
    await steps()[0]!.answer({ until: '2026-01-01T00:00:00Z' })
    expect(await shown).toBe(true)
  })

  it('is asked for before a download, unless one is still good', async () => {
    const good = ensureStepUp()
    await requests('GET', '/api/user/step-up')[0]!.answer({ until: new Date(Date.now() + 60_000).toISOString() })
    expect(await good).toBe(true)
    const over = ensureStepUp()
    await requests('GET', '/api/user/step-up')[0]!.answer({ until: new Date(Date.now() + 1000).toISOString() })
    expect(isThere('step-up-form')).toBe(true)
    endStepUp(false)
    expect(await over).toBe(false)
  })
})

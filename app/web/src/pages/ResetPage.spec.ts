// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { auth } from '../auth'
import { fill, isThere, show, submit, text, useComponentTests } from '../testing/mount'
import ResetPage from './ResetPage.vue'

vi.mock('../auth', () => ({ auth: { resetPassword: vi.fn() } }))
const answers = vi.mocked(auth.resetPassword as unknown as (body: object) => Promise<{ error: object | null }>)

useComponentTests()
afterEach(() => {
  history.replaceState(null, '', '/')
  vi.clearAllMocks()
})

describe('the page of a new password', () => {
  it("sets it with the link's token", async () => {
    history.replaceState(null, '', '/reset-password?token=abc')
    answers.mockResolvedValue({ error: null })
    await show(ResetPage)
    await fill('password', 'a fresh password')
    await submit('reset-form')
    expect(answers).toHaveBeenCalledWith({ newPassword: 'a fresh password', token: 'abc' })
    expect(isThere('reset-done')).toBe(true)
  })

  it('says that a link is spent', async () => {
    history.replaceState(null, '', '/reset-password?token=abc')
    answers.mockResolvedValue({ error: { status: 400, code: 'INVALID_TOKEN', message: 'Invalid token' } })
    await show(ResetPage)
    await fill('password', 'a fresh password')
    await submit('reset-form')
    expect(text('reset-error')).toContain('has been used or has expired')
    expect(isThere('reset-done')).toBe(false)
  })

  it('asks for no password where the link is dead', async () => {
    history.replaceState(null, '', '/reset-password?error=INVALID_TOKEN')
    await show(ResetPage)
    expect(isThere('reset-dead')).toBe(true)
    expect(isThere('password')).toBe(false)
  })
})

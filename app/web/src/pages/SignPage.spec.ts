// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { auth } from '../auth'
import { fill, show, submit, useComponentTests } from '../testing/mount'
import SignPage from './SignPage.vue'

vi.mock('../auth', () => ({
  auth: {
    signUp: { email: vi.fn(async () => ({ error: null })) },
    signIn: { email: vi.fn(async () => ({ error: null })) },
  },
}))

useComponentTests()
afterEach(() => {
  history.replaceState(null, '', '/')
  vi.clearAllMocks()
})

describe('the page of signing in', () => {
  it("signs up with the token of an invitation's link, for its address", async () => {
    history.replaceState(null, '', '/?invitation=token&email=carol%40example.com')
    await show(SignPage)
    await fill('name', 'Carol')
    await fill('password', 'a good password')
    await submit('sign-form')
    expect(auth.signUp.email).toHaveBeenCalledWith({
      name: 'Carol',
      email: 'carol@example.com',
      password: 'a good password',
      invitation: 'token',
    })
  })

  it('signs in without one', async () => {
    await show(SignPage)
    await fill('email', 'ann@example.com')
    await fill('password', 'a good password')
    await submit('sign-form')
    expect(auth.signUp.email).not.toHaveBeenCalled()
    expect(auth.signIn.email).toHaveBeenCalledWith({
      email: 'ann@example.com',
      password: 'a good password',
      rememberMe: true,
    })
  })
})

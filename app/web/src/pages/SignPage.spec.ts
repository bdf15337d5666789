// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { auth } from '../auth'
import { check, click, fill, isThere, show, submit, text, useComponentTests } from '../testing/mount'
import SignPage from './SignPage.vue'

vi.mock('../auth', () => ({
  auth: {
    signUp: { email: vi.fn(async () => ({ error: null })) },
    signIn: { email: vi.fn(async () => ({ error: null })) },
    requestPasswordReset: vi.fn(),
    sendVerificationEmail: vi.fn(async () => ({ error: null })),
    twoFactor: { verifyTotp: vi.fn(), verifyBackupCode: vi.fn() },
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

  it('has a link mailed to who forgot the password, or says who can make one', async () => {
    const answers = vi.mocked(
      auth.requestPasswordReset as unknown as (body: object) => Promise<{ error: object | null }>,
    )
    answers.mockResolvedValue({ error: null })
    await show(SignPage)
    await fill('email', 'ann@example.com')
    await click('sign-forgot')
    expect(answers).toHaveBeenCalledWith({ email: 'ann@example.com', redirectTo: '/reset-password' })
    expect(isThere('sign-mailed')).toBe(true)
    answers.mockResolvedValue({ error: { status: 400, code: 'RESET_PASSWORD_DISABLED', message: 'x' } })
    await click('sign-forgot')
    expect(isThere('sign-mailed')).toBe(false)
    expect(text('sign-error')).toContain('ask whoever runs it')
  })

  it('has a link mailed where the address must be verified first', async () => {
    const answers = vi.mocked(auth.signIn.email as unknown as () => Promise<{ error: object | null }>)
    answers.mockResolvedValueOnce({ error: { status: 403, code: 'EMAIL_NOT_VERIFIED', message: 'Email not verified' } })
    await show(SignPage)
    await fill('email', 'ann@example.com')
    await fill('password', 'a good password')
    await submit('sign-form')
    expect(text('sign-error')).toContain('Email not verified')
    await click('sign-mail-link')
    expect(auth.sendVerificationEmail).toHaveBeenCalledWith({ email: 'ann@example.com' })
    expect(isThere('sign-verify')).toBe(true)
  })

  it('says that a link was mailed to who has signed up and is not signed in', async () => {
    const answers = vi.mocked(auth.signUp.email as unknown as () => Promise<{ data: object; error: null }>)
    answers.mockResolvedValueOnce({ data: { token: null }, error: null })
    await show(SignPage)
    await click('sign-turn')
    await fill('name', 'Ann')
    await fill('email', 'ann@example.com')
    await fill('password', 'a good password')
    await submit('sign-form')
    expect(isThere('sign-verify')).toBe(true)
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

  it('asks for a code beside the password, of the app or one of the backup codes', async () => {
    const { signIn, twoFactor } = auth as unknown as {
      signIn: { email: ReturnType<typeof vi.fn> }
      twoFactor: Record<'verifyTotp' | 'verifyBackupCode', ReturnType<typeof vi.fn>>
    }
    signIn.email.mockResolvedValueOnce({ data: { twoFactorRedirect: true, twoFactorMethods: ['totp'] }, error: null })
    await show(SignPage)
    await fill('email', 'ann@example.com')
    await fill('password', 'a good password')
    await submit('sign-form')
    twoFactor.verifyTotp.mockResolvedValueOnce({ data: null, error: { status: 401, code: 'INVALID_CODE' } })
    await fill('code', '123 456')
    await submit('code-form')
    expect(twoFactor.verifyTotp).toHaveBeenCalledWith({ code: '123456', trustDevice: false })
    expect(text('code-error')).toContain('This code is wrong')
    await click('code-turn')
    await check('code-trust')
    twoFactor.verifyBackupCode.mockResolvedValueOnce({
      data: null,
      error: { status: 401, code: 'INVALID_TWO_FACTOR_COOKIE' },
    })
    await fill('code', 'aaaaa-bbbbb')
    await submit('code-form')
    expect(twoFactor.verifyBackupCode).toHaveBeenCalledWith({ code: 'aaaaa-bbbbb', trustDevice: true })
    await click('code-again')
    expect(isThere('sign-form')).toBe(true)
  })
})

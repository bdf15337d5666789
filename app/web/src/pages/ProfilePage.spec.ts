// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { auth } from '../auth'
import { at, click, fill, isThere, settled, show, submit, text, useComponentTests } from '../testing/mount'
import ProfilePage from './ProfilePage.vue'

const push = vi.hoisted(() => vi.fn(async () => {}))
const refetch = vi.hoisted(() => vi.fn(async () => {}))
const user = vi.hoisted(() => ({ id: 'u', name: 'Ada', email: 'ada@example.com', emailVerified: false }))
vi.mock('vue-router', () => ({ useRouter: () => ({ push }) }))
vi.mock('../auth', async () => {
  const { ref } = await import('vue')
  const done = () => vi.fn(async () => ({ data: { status: true }, error: null as object | null }))
  return {
    auth: {
      useSession: () => ref({ data: { user, session: { token: 'own' } }, refetch }),
      updateUser: done(),
      changeEmail: done(),
      sendVerificationEmail: done(),
      changePassword: done(),
      listSessions: vi.fn(),
      revokeSession: done(),
      revokeOtherSessions: done(),
      deleteUser: done(),
    },
  }
})
const refuseOnce = (call: unknown, code: string, message = code) =>
  vi
    .mocked(call as () => Promise<{ data: null; error: object }>)
    .mockResolvedValueOnce({ data: null, error: { status: 400, code, message } })
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const listed = (...tokens: string[]) =>
  vi.mocked(auth.listSessions as unknown as () => Promise<object>).mockResolvedValue({
    data: tokens.map((token, i) => ({
      token,
      createdAt: `2026-01-0${i + 1}T00:00:00.000Z`,
      ipAddress: '192.0.2.1',
      userAgent: agent,
    })),
    error: null,
  })

useComponentTests()
afterEach(() => {
  history.replaceState(null, '', '/')
  user.emailVerified = false
  vi.clearAllMocks()
})

describe('the page Profile', () => {
  it('lists the devices, this one first, and ends another', async () => {
    listed('other', 'own')
    await show(ProfilePage)
    expect([...document.querySelectorAll('[data-testid=session]')].map((row) => row.textContent)).toEqual([
      expect.stringMatching(/Firefox on Linux.*192\.0\.2\.1.*this one/),
      expect.stringMatching(/Firefox on Linux.*Sign out/),
    ])
    listed('own')
    await click('session-end')
    expect(auth.revokeSession).toHaveBeenCalledWith({ token: 'other' })
    expect(isThere('session-end')).toBe(false)
  })

  it('says why it cannot list them, and ends the others all the same', async () => {
    listed()
    refuseOnce(auth.listSessions, 'SESSION_NOT_FRESH')
    await show(ProfilePage)
    expect(isThere('sessions-stale')).toBe(true)
    await click('sessions-end-others')
    expect(auth.revokeOtherSessions).toHaveBeenCalled()
    expect(text('sessions')).toContain('signed out everywhere else')
  })

  it('says where the link of a change went: to the new address, or to the one that is verified', async () => {
    listed('own')
    await show(ProfilePage)
    await fill('new-email', 'new@example.com')
    await submit('email-form')
    expect(auth.changeEmail).toHaveBeenCalledWith({ newEmail: 'new@example.com', callbackURL: '/profile' })
    expect(text('email-sent')).toContain('new@example.com')
    await click('email-verify')
    expect(text('email-sent')).toContain('ada@example.com')
    refuseOnce(auth.changeEmail, 'CHANGE_EMAIL_DISABLED')
    await fill('new-email', 'new@example.com')
    await submit('email-form')
    expect(text('email-error')).toContain('sends no mail')
  })

  it('has a verified address agree first', async () => {
    listed('own')
    user.emailVerified = true
    await show(ProfilePage)
    expect(isThere('email-verify')).toBe(false)
    await fill('new-email', 'new@example.com')
    await submit('email-form')
    expect(text('email-sent')).toContain('ada@example.com')
  })

  it('changes name and password', async () => {
    listed('own')
    await show(ProfilePage)
    await fill('profile-name', 'Ada L.')
    await submit('name-form')
    expect(auth.updateUser).toHaveBeenCalledWith({ name: 'Ada L.' })
    await fill('current-password', 'a good password')
    await fill('new-password', 'another password')
    refuseOnce(auth.changePassword, 'INVALID_PASSWORD')
    await submit('password-form')
    expect(text('password-error')).toBe('That is not your current password.')
    await submit('password-form')
    expect(auth.changePassword).toHaveBeenLastCalledWith({
      currentPassword: 'a good password',
      newPassword: 'another password',
      revokeOtherSessions: true,
    })
    expect(at<HTMLInputElement>('new-password').value).toBe('')
    expect(refetch).toHaveBeenCalled()
  })

  it('deletes the user once the password is given, and says what keeps them', async () => {
    listed('own')
    await show(ProfilePage)
    await click('delete-user')
    expect(at<HTMLButtonElement>('delete-user-submit').disabled).toBe(true)
    await fill('delete-password', 'a good password')
    refuseOnce(auth.deleteUser, 'OPEN_ORDERS', 'Orders of your accounts are open at Alpaca')
    await submit('delete-user-form')
    expect(text('delete-user-error')).toContain('are open at Alpaca')
    expect(push).not.toHaveBeenCalled()
    await submit('delete-user-form')
    await settled()
    expect(auth.deleteUser).toHaveBeenLastCalledWith({ password: 'a good password' })
    expect(push).toHaveBeenCalledWith('/')
  })

  it('says that a link was of no use', async () => {
    history.replaceState(null, '', '/profile?error=TOKEN_EXPIRED')
    listed('own')
    await show(ProfilePage)
    expect(isThere('profile-refused')).toBe(true)
  })
})

// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { auth } from '../auth'
import { at, click, fill, isThere, settled, show, submit, text, useComponentTests } from '../testing/mount'
import TwoFactorSection from './TwoFactorSection.vue'

vi.mock('../auth', () => ({
  auth: {
    useSession: vi.fn(),
    twoFactor: { enable: vi.fn(), disable: vi.fn(), verifyTotp: vi.fn(), generateBackupCodes: vi.fn() },
  },
}))

const two = auth.twoFactor as unknown as Record<
  'enable' | 'disable' | 'verifyTotp' | 'generateBackupCodes',
  ReturnType<typeof vi.fn>
>
const codes = ['aaaaa-bbbbb', 'ccccc-ddddd']
const refused = (code: string) => ({ data: null, error: { status: 400, code, message: 'x' } })
let on = false

useComponentTests()
beforeEach(() => {
  on = false
  const session = () => ({
    data: { user: { twoFactorEnabled: on } },
    refetch: async () => {
      state.value = session()
    },
  })
  const state = ref<unknown>(session())
  vi.mocked(auth.useSession as () => unknown).mockReturnValue(state)
})
afterEach(() => vi.clearAllMocks())

async function give(password: string) {
  await fill('two-factor-password', password)
  await submit('two-factor-form')
}

describe('two-factor authentication', () => {
  it('is on once a code has shown that the app has the secret, and shows backup codes this once', async () => {
    two.enable.mockResolvedValueOnce(refused('INVALID_PASSWORD'))
    two.enable.mockResolvedValueOnce({
      data: { totpURI: 'otpauth://totp/Paddock:ann%40example.com?secret=ABCD&issuer=Paddock', backupCodes: codes },
      error: null,
    })
    await show(TwoFactorSection)
    await click('two-factor-enable')
    await give('wrong password')
    expect(text('two-factor-error')).toBe('This is not your password.')
    await give('a good password')
    expect(two.enable).toHaveBeenLastCalledWith({ password: 'a good password' })
    expect(at<HTMLImageElement>('two-factor-qr').src).toContain('data:image/svg+xml')
    expect(text('two-factor-secret')).toBe('ABCD')
    for (const code of codes) expect(text('two-factor-codes')).toContain(code)
    expect(text('two-factor-state')).toContain('It is off')
    two.verifyTotp.mockResolvedValueOnce(refused('INVALID_CODE'))
    await fill('two-factor-code', '000000')
    await submit('two-factor-verify')
    expect(text('two-factor-error')).toContain('This code is wrong')
    two.verifyTotp.mockImplementationOnce(async () => {
      on = true
      return { data: {}, error: null }
    })
    await fill('two-factor-code', '123 456')
    await submit('two-factor-verify')
    expect(two.verifyTotp).toHaveBeenLastCalledWith({ code: '123456' })
    expect(text('two-factor-state')).toContain('It is on')
    expect(isThere('two-factor-secret')).toBe(false)
    await click('two-factor-disable')
    expect(isThere('two-factor-codes')).toBe(false)
  })

  it('makes new backup codes, and is turned off, with the password', async () => {
    on = true
    vi.mocked(auth.useSession as () => { value: { refetch: () => void } })().value.refetch()
    await show(TwoFactorSection)
    await settled()
    two.generateBackupCodes.mockResolvedValueOnce({ data: { backupCodes: codes }, error: null })
    await click('two-factor-renew')
    await give('a good password')
    expect(two.generateBackupCodes).toHaveBeenCalledWith({ password: 'a good password' })
    expect(text('two-factor-codes')).toContain(codes[0])
    two.disable.mockImplementationOnce(async () => {
      on = false
      return { data: { status: true }, error: null }
    })
    await click('two-factor-disable')
    await give('a good password')
    expect(two.disable).toHaveBeenCalledWith({ password: 'a good password' })
    expect(text('two-factor-state')).toContain('It is off')
  })
})

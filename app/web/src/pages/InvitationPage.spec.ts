// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { click, isThere, requests, show, text, useComponentTests } from '../testing/mount'
import InvitationPage from './InvitationPage.vue'

useComponentTests()

const offer = {
  role: 'trader',
  all_accounts: false,
  account: { id: 'b', name: 'Ada’s', environment: 'live' },
  grant_expires_at: null,
  made_by: { user_id: 'u', name: 'Ada', email: 'ada@example.com' },
}

describe('the page of an invitation', () => {
  it('says what it is for before it is taken', async () => {
    await show(InvitationPage)
    await requests('POST', '/api/invitations/look')[0]!.answer(offer)
    expect(text('invitation-offer')).toContain('trader on the account Ada’s')
    expect(requests('POST', '/api/invitations/take')).toHaveLength(0)
    await click('invitation-take')
    await requests('POST', '/api/invitations/take')[0]!.answer(offer)
    await requests('GET', '/api/accounts')[0]!.answer({ accounts: [] })
    expect(isThere('invitation-taken')).toBe(true)
  })

  it('offers nothing where it does not hold', async () => {
    await show(InvitationPage)
    await requests('POST', '/api/invitations/look')[0]!.answer(
      { code: 'invitation_not_found', message: 'It was used.', request_id: '1' },
      404,
    )
    expect(text('invitation-refused')).toContain('It was used.')
    expect(isThere('invitation-take')).toBe(false)
  })
})

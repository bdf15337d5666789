// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { at, click, fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import { anAccount } from '../testing/fixtures'
import ShareDialog from './ShareDialog.vue'

useComponentTests()

const list = '/api/accounts/a/grants'
const ann = {
  user_id: 'u1',
  name: 'Ann',
  email: 'ann@example.com',
  role: 'viewer',
  state: 'active',
  since: '2026-01-01T00:00:00Z',
  expires_at: null,
}

async function open() {
  await show(ShareDialog, { account: anAccount() })
  await requests('GET', list)[0]!.answer({ grants: [ann], invitations: [] })
}

describe('the dialog that shares an account', () => {
  it('gives a role, and says why where it cannot', async () => {
    await open()
    await fill('share-email', 'bob@example.com')
    await submit('share-form')
    expect(requests('POST', list)[0]!.body).toEqual({ email: 'bob@example.com', role: 'viewer' })
    await requests('POST', list)[0]!.answer({ code: 'user_not_found', message: 'Nobody has it.', request_id: '1' }, 404)
    expect(text('share-error')).toContain('Nobody has it.')
  })

  it('shows a link once, and says where it was mailed instead', async () => {
    await open()
    await click('share-invite')
    const made = () => requests('POST', '/api/accounts/a/invitations')
    expect(made()[0]!.body).toEqual({ role: 'viewer' })
    await made()[0]!.answer({ mailed: false, link: 'https://x/invitation#T' })
    expect(text('share-link')).toContain('https://x/invitation#T')
    await requests('GET', list)[0]!.answer({ grants: [ann], invitations: [] })
    await fill('share-email', 'bob@example.com')
    await click('share-invite')
    await made()[0]!.answer({ mailed: true, link: null })
    expect(isThere('share-link')).toBe(false)
    expect(isThere('share-mailed')).toBe(true)
  })

  it('takes a role', async () => {
    await open()
    at('grant-ann@example.com').querySelector('button')!.click()
    await settled()
    expect(requests('DELETE', `${list}/u1`)).toHaveLength(1)
  })
})

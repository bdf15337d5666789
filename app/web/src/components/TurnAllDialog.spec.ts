// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { h, ref } from 'vue'
import { toRow } from '../overview'
import { useNotices } from '../stores/notices'
import { anAccount, told } from '../testing/fixtures'
import {
  asked,
  at,
  check,
  fill,
  isThere,
  requests,
  settled,
  show,
  submit,
  text,
  useComponentTests,
} from '../testing/mount'
import TurnAllDialog from './TurnAllDialog.vue'

useComponentTests()

const rows = [
  toRow(anAccount(), told()),
  toRow(anAccount({ id: 'b', name: 'Savings', environment: 'live' }), told({ account_id: 'b' })),
  toRow(anAccount({ id: 'c', name: 'Shared', role: 'viewer' }), told({ account_id: 'c' })),
  toRow(anAccount({ id: 'd', name: 'Resting' }), told({ account_id: 'd', switch: 'halted', switch_reason: 'lunch' })),
]
const turned = (to: string) => ({ switch: to, steps: [{ name: 'switch', done: true }], wind_down: null })
const switches = () => requests('POST', '/api/guards/switch').reverse()

describe('halting all accounts', () => {
  it('says before how many, which of them are live, and which the user may not halt', async () => {
    await show(TurnAllDialog, { to: 'halted', rows })
    expect(text('turn-all-words')).toBe(
      'Nothing is ordered on 2 accounts, of which 1 is live: Savings. This holds for people and programs.',
    )
    expect(text('turn-all-not')).toBe('Not Shared: who is viewer may not.')
    expect(at('turn-all-form').textContent).toContain('Resting is halted already.')
    expect(asked).toEqual([])
  })

  it('asks each at once, and tells of each by itself', async () => {
    await show(TurnAllDialog, { to: 'halted', rows })
    await fill('turn-all-reason', 'storm')
    await submit('turn-all-form')
    expect(switches().map((q) => [q.account, q.body])).toEqual([
      ['a', { switch: 'halted', reason: 'storm' }],
      ['b', { switch: 'halted', reason: 'storm' }],
    ])
    expect(new Set(switches().map((q) => q.key)).size).toBe(2)
    await switches()[1]!.answer({ code: 'database_unavailable', message: 'The database is away.' }, 503)
    expect(text('turn-all-results')).toMatch(/Swing paper …Savings live Not halted: The database is away\./)
    expect(at<HTMLButtonElement>('turn-all-done').disabled).toBe(true)
    await switches()[0]!.answer(turned('halted'))
    expect(text('turn-all-results')).toMatch(/Swing paper Halted/)
    expect(at<HTMLButtonElement>('turn-all-done').disabled).toBe(false)
  })

  it('tells of a failure also where the dialog was closed', async () => {
    const there = ref(true)
    await show({ render: () => (there.value ? h(TurnAllDialog, { to: 'halted', rows }) : null) })
    await submit('turn-all-form')
    there.value = false
    await settled()
    await switches()[0]!.answer({ code: 'not_permitted', message: 'Your role does not allow it.' }, 403)
    await settled()
    expect(useNotices().shown.map((n) => n.summary)).toEqual(['Not halted: Swing'])
  })
})

describe('opening accounts again', () => {
  it('is of those alone that are chosen, each for its reason', async () => {
    await show(TurnAllDialog, { to: 'open', rows })
    expect(at<HTMLButtonElement>('turn-all-submit').disabled).toBe(true)
    expect(at('turn-all-form').textContent).toContain('lunch')
    await check('turn-Resting')
    await submit('turn-all-form')
    expect(switches().map((q) => [q.account, q.body])).toEqual([['d', { switch: 'open' }]])
    await switches()[0]!.answer(turned('open'))
    expect(text('turn-all-results')).toBe('Resting paper OpenDone')
    expect(isThere('turn-all-form')).toBe(false)
  })
})

import { expect, it } from 'vitest'
import { groupWords, together, type One } from './together'

const minute = 60_000
const fill = (at: number, change: Partial<One> = {}): One => ({
  account: 'a',
  topic: 'fills',
  agent: 'mean-reversion',
  at: at * minute,
  net: '-100.5',
  ...change,
})

it('puts together what came within minutes, of one account, topic and agent', () => {
  const list = [
    fill(50, { topic: 'refusals', net: undefined }),
    fill(49),
    fill(48, { account: 'b' }),
    fill(47),
    fill(46, { agent: null }),
    fill(45),
    fill(44, { agent: null }),
    fill(30),
    fill(29),
  ]
  expect(together(list).map((g) => [g.all.length, groupWords(g)])).toEqual([
    [1, '1 refusal · mean-reversion'],
    [3, '3 fills · mean-reversion · net −301.50'],
    [1, '1 fill · mean-reversion · net −100.50'], // of another account
    [1, '1 fill · net −100.50'], // two stand by themselves
    [1, '1 fill · net −100.50'],
    [1, '1 fill · mean-reversion · net −100.50'], // a quarter of an hour before
    [1, '1 fill · mean-reversion · net −100.50'],
  ])
})

it('stays exact, however many there are', () => {
  const [group] = together(Array.from({ length: 34 }, (_, i) => fill(100 - i, { net: '0.1' })))
  expect(groupWords(group!)).toBe('34 fills · mean-reversion · net +3.40')
})

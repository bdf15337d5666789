import { describe, expect, it } from 'vitest'
import { useSelection } from './useSelection'

const rows = ['a', 'b', 'c', 'd', 'e']

describe('what is chosen in a list', () => {
  it('is chosen one by one', () => {
    const { ids, toggle } = useSelection()
    toggle('a', false, rows)
    toggle('c', false, rows)
    toggle('a', false, rows)
    expect([...ids.value]).toEqual(['c'])
  })
  it('is chosen from one to another with Shift, in either direction', () => {
    const { ids, toggle } = useSelection()
    toggle('d', false, rows)
    toggle('b', true, rows)
    expect([...ids.value].sort()).toEqual(['b', 'c', 'd'])
    toggle('d', true, rows) // all between become like it
    expect([...ids.value]).toEqual([])
  })
  it('is one alone with Shift where the row before is gone', () => {
    const { ids, toggle } = useSelection()
    toggle('x', false, ['x', ...rows])
    toggle('c', true, rows)
    expect([...ids.value]).toEqual(['x', 'c'])
  })
  it('loses what can no longer be chosen', () => {
    const { ids, only, keep } = useSelection()
    only(['a', 'b'])
    keep(new Set(['b', 'c']))
    expect([...ids.value]).toEqual(['b'])
  })
})

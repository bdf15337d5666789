import { describe, expect, it } from 'vitest'
import { onlyReads } from './roles'

describe('a role that only reads', () => {
  it.each([
    ['owner', false],
    ['trader', false],
    ['approver', true],
    ['viewer', true],
  ] as const)('%s: %s', (role, reads) => expect(onlyReads(role)).toBe(reads))
})

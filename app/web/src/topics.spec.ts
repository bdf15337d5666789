import { readFileSync } from 'node:fs'
import type { LiveEvent } from 'paddock-live'
import { expect, it } from 'vitest'
import { topicOf, toldTopic } from './topics'

type Case = [kind: LiveEvent['kind'], data: object, topic: string]
// The database is held to the same file, by app/destinations/topics_test.go.
const cases = JSON.parse(
  readFileSync(new URL('../../destinations/testdata/topics.json', import.meta.url), 'utf8'),
) as Case[]

it.each(cases)('%s %j is of the topic %s, here as in the database', (kind, data, topic) => {
  expect(topicOf({ kind, data } as LiveEvent) ?? 'summary').toBe(topic)
})

it('tells people of an approval when it begins and how it ends, and of no test message', () => {
  const told = (kind: string, event: string) => toldTopic({ kind, data: { event } } as LiveEvent)
  expect(['pending', 'word', 'used', 'refused'].map((event) => told('approval', event))).toEqual([
    'approvals',
    null,
    null,
    'approvals',
  ])
  expect([told('notice', 'test'), told('notice', 'off'), told('order', 'new')]).toEqual([null, 'account', null])
})

import { expect, test } from 'vitest';
import type { CloudEvent } from '@/api/types';
import { grouped } from './requests';

const event = (position: number, correlationid: string | null, second = position, ispart = false): CloudEvent => ({
  id: String(position),
  type: 'vpc.tags_changed',
  subject: 'vpc-1',
  position,
  data: {},
  resourcekind: 'vpc',
  resourcename: 'front',
  resourceversion: 1,
  time: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
  actor: 'key-1',
  actorname: 'admin',
  correlationid,
  causationid: null,
  summary: '',
  ispart,
});
const shape = (events: CloudEvent[]) =>
  grouped(events).map(({ event: head, follows }) => [head.position, ...follows.map(({ position }) => position)]);

test('the events of one request stand below its first one, the newest request first', () => {
  expect(shape([event(5, 'b'), event(4, 'a'), event(3, 'b'), event(2, null), event(1, 'a')])).toEqual([
    [3, 5],
    [1, 4],
    [2],
  ]);
});

test('what happens much later is shown on its own', () => {
  expect(shape([event(3, 'a', 200), event(2, 'a', 30), event(1, 'a', 0)])).toEqual([[3], [1, 2]]);
});

test('a generated part leads a group only where it is alone', () => {
  expect(shape([event(2, 'a'), event(1, 'a', 1, true)])).toEqual([[2, 1]]);
  expect(shape([event(1, 'a', 1, true)])).toEqual([[1]]);
});

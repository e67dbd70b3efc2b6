import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { KINDS } from '@/resources';
import { OUTCOMES } from '@/resources/outcomes';
import { settled, SETTLING, sum } from './outcome';

const document = (status: string, more: Partial<Document> = {}): Document => ({
  id: 'i-1',
  kind: 'instance',
  name: 'web-1',
  status,
  status_reason: null,
  account_id: 'main',
  tags: {},
  version: 1,
  position: 1,
  created_at: '',
  updated_at: '',
  created_by: '',
  spec: {},
  observed: {},
  ...more,
});
const pending = document('pending');

test('the statuses that another one follows are those of the domain', () => {
  const [, listed = ''] = /SETTLING = frozenset\(([^)]*)\)/.exec(readFileSync('../domain/status.py', 'utf8')) ?? [];
  expect([...SETTLING].sort()).toEqual([...listed.matchAll(/"([\w-]+)"/g)].map(([, word]) => word).sort());
});

test('what another status follows is under way, with what it waits for', () => {
  expect(settled(document('starting', { status_reason: 'the image is pulled' }), pending)).toEqual({
    is: 'under way',
    description: 'starting: the image is pulled',
  });
  expect(settled(document('restoring', { observed: { restore_step: 'replaying' } }), pending).description).toBe(
    'restoring: replaying',
  );
});

test('a status that stays is the end, and an error a failure', () => {
  expect(settled(document('running'), pending)).toEqual({ is: 'done', description: 'running' });
  expect(settled(document('error', { status_reason: 'no such image' }), pending)).toEqual({
    is: 'failed',
    description: 'error: no such image',
  });
});

test('what was in error before did not fail by what was asked', () => {
  expect(settled(document('error'), document('error')).is).toBe('done');
});

test('many are summed up, and those that failed are named', () => {
  const one = (name: string, is: 'under way' | 'done' | 'failed') => ({ name, outcome: { is, description: is } });
  expect(sum([one('a', 'done')])).toEqual({ is: 'done', done: 1, failed: [], text: 'a is done' });
  expect(sum([one('a', 'done'), one('b', 'under way'), one('c', 'failed')])).toMatchObject({
    is: 'under way',
    text: '1 of 3 done',
  });
  expect(sum([one('a', 'done'), one('c', 'failed')])).toMatchObject({
    is: 'failed',
    failed: [{ name: 'c', description: 'failed' }],
  });
});

const outcomeOf = (kind: string, id: string) =>
  OUTCOMES[KINDS.find((each) => each.kind === kind)!.actions.find((each) => each.id === id)!.outcome!];

test('a backup is done when that one is complete, and failed when it is gone', () => {
  const archive = (...backups: object[]) => document('available', { observed: { backups } });
  const outcome = outcomeOf('database', 'backup');
  const asked = archive({ id: 'b-1', status: 'available' }, { id: 'b-2', status: 'creating' });
  expect(outcome(asked, asked).is).toBe('under way');
  expect(outcome(archive({ id: 'b-2', status: 'available' }), asked).is).toBe('done');
  expect(outcome(archive({ id: 'b-1', status: 'available' }), asked).is).toBe('failed');
});

test('a refresh is done when every instance is of the new template', () => {
  const group = (status: string, reason: string | null = null) =>
    document('available', { observed: { refresh: { status, reason } } });
  const outcome = outcomeOf('scaling_group', 'refresh');
  expect(outcome(group('running'), pending).is).toBe('under way');
  expect(outcome(group('succeeded'), pending).is).toBe('done');
  expect(outcome(group('rolled-back', 'it crashed'), pending)).toEqual({
    is: 'failed',
    description: 'rolled-back: it crashed',
  });
});

test('a snapshot is verified when it was read back', () => {
  const outcome = outcomeOf('snapshot', 'verify');
  expect(outcome(document('available', { observed: { verified_at: null } }), pending).is).toBe('under way');
  expect(outcome(document('available', { observed: { verified_at: '2026-11-23T10:00:00Z' } }), pending).is).toBe(
    'done',
  );
  expect(outcome(document('error', { status_reason: 'damaged' }), document('available')).is).toBe('failed');
});

import { expect, test } from 'vitest';
import { age, bytes, figure, label, moment, plain, quoted, tone, toneOfEvent, until } from './format';

test('bytes are shown in their largest unit', () => {
  expect([0, 1023, 1024, 1536, 8388608, 150 * 1024 ** 3].map(bytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '8.0 MiB',
    '150 GiB',
  ]);
  expect(bytes(null)).toBe('–');
});

test('moments are shown in UTC', () => {
  expect(moment('2026-11-23T11:02:11.250+01:00')).toBe('2026-11-23 10:02:11');
  expect(moment(null)).toBe('–');
});

test('an age is shown in its largest unit, and never before now', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');
  expect(age('2026-11-23T09:59:18Z', now)).toBe('42 s');
  expect(age('2026-11-23T09:58:00Z', now)).toBe('2 min');
  expect(age('2026-11-20T10:00:00Z', now)).toBe('3 d');
  expect(age('2026-11-23T10:00:05Z', now)).toBe('0 s');
});

test('figures are shown in their unit', () => {
  expect([
    figure('memory_bytes', 2048),
    figure('hits', 1234567),
    figure('version', '17.2'),
    figure('rate', null),
  ]).toEqual(['2.0 KiB', '1,234,567', '17.2', '–']);
});

test('the end of something is shown in advance', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');
  const ends = (end: string) => {
    const { text, tone: is } = until(end, now);
    return [text, is];
  };
  expect(ends('2027-02-21T10:00:00Z')).toEqual(['for 90 d', 'success']);
  expect(ends('2026-12-06T10:00:00Z')).toEqual(['for 13 d', 'warning']);
  expect(ends('2026-11-23T20:00:00Z')).toEqual(['ends today', 'warning']);
  expect(ends('2026-11-23T10:00:00Z')).toEqual(['over', 'error']);
});

test('any value of a document fits on a line', () => {
  expect(plain({ id: 'vpc-1', name: 'shop' })).toBe('shop');
  expect(plain([{ name: 'a' }, { name: 'b' }])).toBe('a, b');
  expect(plain({ tier: 'web', n: 2 })).toBe('tier=web, n=2');
  expect([plain(null), plain([]), plain({}), plain(false), plain(0)]).toEqual(['–', '–', '–', 'no', '0']);
  expect(plain('2026-11-23T10:02:11.284388+00:00')).toBe('2026-11-23 10:02:11');
});

test('a field without a label of its own gets one, with its unit', () => {
  expect(['memory_mb', 'started_at', 'cpus', 'vpc', 'restore_took_s', 'at', 'exit_code'].map(label)).toEqual([
    'Memory (MiB)',
    'Started',
    'Cores',
    'VPC',
    'Restore took (s)',
    'At',
    'Exit code',
  ]);
});

test('a word is quoted where a shell would take it apart', () => {
  expect(['web-1', 'a=b', 'two words', "it's", '$HOME'].map(quoted)).toEqual([
    'web-1',
    'a=b',
    "'two words'",
    `'it'\\''s'`,
    "'$HOME'",
  ]);
});

test('statuses and events have colours', () => {
  expect(['running', 'error', 'stopped', 'pending', 'terminating'].map(tone)).toEqual([
    'success',
    'error',
    'stopped',
    'pending',
    'in-progress',
  ]);
  expect(['instance.crashed', 'vpc.create_requested', 'vpc.deleted', 'instance.started'].map(toneOfEvent)).toEqual([
    'error',
    'info',
    'stopped',
    'success',
  ]);
});

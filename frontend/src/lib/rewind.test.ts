import { expect, test } from 'vitest';
import { height, leap, stretch } from './rewind';

const NOW = Date.parse('2026-11-23T12:00:00Z');

test('all of the history has no bound', () => {
  expect(stretch('all', null, NOW, 0)).toEqual({ from: null, to: null });
  expect(stretch('all', NOW - 5, NOW, 0)).toEqual({ from: null, to: null });
});

test('a shorter range ends now, or surrounds the moment that is shown', () => {
  expect(stretch('hour', null, NOW, 0)).toEqual({ from: '2026-11-23T11:00:00.000Z', to: null });
  expect(stretch('hour', Date.parse('2026-11-20T08:00:00Z'), NOW, 0)).toEqual({
    from: '2026-11-20T07:30:00.000Z',
    to: '2026-11-20T08:30:00.000Z',
  });
});

test('around a moment just past, the range ends now, not in the future', () => {
  expect(stretch('hour', NOW - 60_000, NOW, 0)).toEqual({ from: '2026-11-23T11:00:00.000Z', to: null });
});

test('before the first event there is nothing to ask for', () => {
  expect(stretch('week', null, NOW, NOW - 5000)).toEqual({ from: null, to: null });
});

test('one event is seen beside ten thousand, and nothing is nothing', () => {
  expect(height(0, 10_000)).toBe(0);
  expect(height(1, 10_000)).toBeGreaterThan(15);
  expect(height(10_000, 10_000)).toBe(100);
  expect(height(1, 1)).toBe(100);
});

test('play goes through any range in a hundred steps', () => {
  expect(leap(1000, 0, 50_000)).toBe(1500);
  expect(leap(1000, 1000, 1000)).toBeGreaterThan(1000);
});

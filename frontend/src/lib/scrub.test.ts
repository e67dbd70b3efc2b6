import { expect, test } from 'vitest';
import { bars, indexAt, indexOf, step, type Mark } from './scrub';

const marks: Mark[] = [10, 20, 20, 40].map((time, index) => ({ position: 100 + index * 2, time, type: index === 3 ? 'x.failed' : 'x.y', summary: '' }));

test('a moment belongs to the last event that is not after it', () => {
  expect([5, 10, 19, 20, 39, 40, 99].map((time) => indexAt(marks, time))).toEqual([-1, 0, 0, 2, 2, 3, 3]);
  expect(indexAt([], 5)).toBe(-1);
});

test('a position between two events shows the earlier one', () => {
  expect([99, 100, 101, 103, 106, 200].map((position) => indexOf(marks, position))).toEqual([-1, 0, 0, 1, 3, 3]);
});

test('steps go from event to event, and the newest is the present', () => {
  expect(step(marks, null, -1)).toBe(104);
  expect(step(marks, 104, -1)).toBe(102);
  expect(step(marks, 100, -1)).toBe(100);
  expect(step(marks, 102, 1)).toBe(104);
  expect(step(marks, 104, 1)).toBeNull();
  expect(step(marks, null, 1)).toBeNull();
});

test('every event is counted in one bar, those outside in none', () => {
  const found = bars(marks, 10, 40, 3, (type) => type.endsWith('failed'));
  expect(found.map(({ count }) => count)).toEqual([1, 2, 1]);
  expect(found.map(({ isBad }) => isBad)).toEqual([false, false, true]);
  expect(bars(marks, 15, 25, 2, () => false).map(({ count }) => count)).toEqual([0, 2]);
});

import { expect, test } from 'vitest';
import { found } from './find';

const all = [
  { id: 'i-9', name: 'my-web' },
  { id: 'i-2', name: 'web-2' },
  { id: 'i-1', name: 'web' },
  { id: 'vpc-web', name: 'shop' },
  { id: 'x', name: 'other' },
];

test('what is called so comes first, then what begins so, holds it, or has it in its id', () => {
  expect(found(all, ' WEB ', 9).map(({ id }) => id)).toEqual(['i-1', 'i-2', 'i-9', 'vpc-web']);
  expect(found(all, 'web', 2).length).toBe(2);
});

test('no letters mean nothing', () => {
  expect(found(all, ' ', 9)).toEqual([]);
});

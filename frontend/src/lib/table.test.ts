import { expect, test } from 'vitest';
import { atMoment, rewritten } from './address';
import { filterWords, pageWords, shownOf, sortWords, type Query } from './table';

const COLUMNS = ['name', 'status', 'created'];
const HERE = 'http://cloud/instances/?at=7';
const back = (address: string) => shownOf(new URL(address).searchParams, COLUMNS);

test('filter, sort and page come back from the address, and the moment stays', () => {
  const query: Query = {
    operation: 'or',
    tokens: [
      { propertyKey: 'status', operator: '!=', value: 'running' },
      { operator: ':', value: 'a=b & ü\nc' },
      { propertyKey: 'name', operator: '=', value: ':=!' },
    ],
  };
  const filtered = rewritten(HERE, filterWords(query));
  const address = rewritten(rewritten(filtered, sortWords('created', true)), pageWords(3));
  expect(back(address)).toEqual({ query, sort: 'created', isDescending: true, page: 3 });
  expect(new URL(address).searchParams.get('at')).toBe('7');
});

test('what is shown at first is not written into the address', () => {
  expect(back(HERE)).toEqual({ query: { tokens: [], operation: 'and' }, sort: 'name', isDescending: false, page: 1 });
  expect(
    rewritten(rewritten(rewritten(HERE, filterWords(back(HERE).query)), sortWords('name', false)), pageWords(1)),
  ).toBe(HERE);
});

test('another filter or order begins at its first page', () => {
  const third = rewritten(HERE, pageWords(3));
  expect(back(rewritten(third, filterWords({ operation: 'and', tokens: [{ operator: ':', value: 'x' }] }))).page).toBe(
    1,
  );
  expect(back(rewritten(third, sortWords('status', false))).page).toBe(1);
});

test('what no table has is left out', () => {
  expect(back('http://cloud/instances/?filter=colour=red&filter=&filter=plain&sort=-colour&page=-2')).toEqual(
    back(HERE),
  );
});

test('a page is opened at the moment that is shown', () => {
  expect(['/vpcs/', '/vpcs/detail/?id=vpc-1', 'https://elsewhere/'].map((page) => atMoment(page, 7))).toEqual([
    '/vpcs/?at=7',
    '/vpcs/detail/?id=vpc-1&at=7',
    'https://elsewhere/',
  ]);
  expect(atMoment('/vpcs/', null)).toBe('/vpcs/');
});

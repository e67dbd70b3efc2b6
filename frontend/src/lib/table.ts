/** The state of a table in the address: `?filter=status=running&filter=web&sort=-created&page=2`. */
import type { Words } from './address';

export type Token = { propertyKey?: string; operator: string; value: string };
export type Query = { tokens: readonly Token[]; operation: 'and' | 'or' };
export type Shown = { query: Query; sort: string; isDescending: boolean; page: number };

export const FIRST_SORT = 'name';
export const EVERYTHING: Query = { tokens: [], operation: 'and' };
/** A column and how it is compared, or how any column is; then the value, whatever it holds. */
const TOKEN = /^([a-z_]*)(!=|!:|=|:)(.*)$/s;

function tokenOf(text: string, columns: readonly string[]): Token[] {
  const [, column = '', operator = ':', value = ''] = TOKEN.exec(text) ?? [];
  if (value === '') return [];
  if (column === '') return [{ operator, value }];
  return columns.includes(column) ? [{ propertyKey: column, operator, value }] : [];
}

/** What the address asks for. A column that the table does not have is no part of it. */
export function shownOf(address: URLSearchParams, columns: readonly string[]): Shown {
  const [, descends = '', sort = ''] = /^(-?)(.*)$/.exec(address.get('sort') ?? '') ?? [];
  const isKnown = columns.includes(sort);
  const page = Number(address.get('page'));
  return {
    query: {
      tokens: address.getAll('filter').flatMap((text) => tokenOf(text, columns)),
      operation: address.get('match') === 'any' ? 'or' : 'and',
    },
    sort: isKnown ? sort : FIRST_SORT,
    isDescending: isKnown && descends !== '',
    page: Number.isInteger(page) && page > 1 ? page : 1,
  };
}

export const filterWords = ({ tokens, operation }: Query): Words => ({
  filter: tokens.map(({ propertyKey = '', operator, value }) => `${propertyKey}${operator}${value}`),
  match: operation === 'or' ? 'any' : null,
  page: null,
});
export const sortWords = (sort: string, isDescending: boolean): Words => ({
  sort: sort === FIRST_SORT && !isDescending ? null : `${isDescending ? '-' : ''}${sort}`,
  page: null,
});
export const pageWords = (page: number): Words => ({ page: page === 1 ? null : String(page) });

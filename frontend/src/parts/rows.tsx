/** Rows and columns of a table: the documents, as words that can be sorted and filtered. */
import type { ReactNode } from 'react';
import type { Document } from '@/api/types';
import type { Kind } from '@/kinds/kind';
import { moment, plain } from '@/lib/format';
import { Go } from './Go';
import { Status } from './Status';

export type Row = { id: string; name: string; status: string; document: Document } & Record<string, unknown>;
type Column = { id: string; header: string; cell: (row: Row) => ReactNode; sortingField: string; isHidden: boolean; isRowHeader?: boolean; minWidth?: number };

export function rowOf(kind: Kind, document: Document): Row {
  const more = Object.fromEntries(kind.columns.map((column) => {
    const value = column.of(document);
    return [column.id, typeof value === 'number' ? value : plain(value)];
  }));
  const { id, name, status } = document;
  return { ...more, id, name, status, document, tags: plain(document.tags), created: moment(document.created_at) };
}

const column = (id: string, header: string, cell: Column['cell'], isHidden = false): Column =>
  ({ id, header, cell, sortingField: id, isHidden, minWidth: 90 });

export const columnsOf = (kind: Kind): Column[] => [
  { ...column('name', 'Name', (row) => <Go to={`/${kind.slug}/detail/?id=${row.id}`}>{row.name}</Go>), isRowHeader: true, minWidth: 150 },
  column('status', 'Status', (row) => <Status status={row.status} reason={row.document.status_reason} />),
  ...kind.columns.map((each) => column(each.id, each.label, (row) => plain(row[each.id]), each.isHidden)),
  column('tags', 'Tags', (row) => plain(row.tags), true),
  column('created', 'Created (UTC)', (row) => plain(row.created)),
  column('id', 'ID', (row) => row.id, true),
];

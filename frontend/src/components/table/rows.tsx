/** Rows and columns of a resource table: documents as text that can be sorted and filtered. */
import type { ReactNode } from 'react';
import type { Document } from '@/api/types';
import type { Kind } from '@/resources/types';
import { isInstant, moment, plain } from '@/lib/format';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';
import { Age, LocalTime } from '@/components/display/LocalTime';

export type Row = { id: string; name: string; status: string; document: Document } & Record<string, unknown>;
type Column = {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  sortingField: string;
  isHidden: boolean;
  isRowHeader?: boolean;
  minWidth?: number;
};

export function rowOf(kind: Kind, document: Document): Row {
  const more = Object.fromEntries(
    kind.columns.map((column) => {
      const value = column.of(document);
      return [column.id, typeof value === 'number' ? value : plain(value)];
    }),
  );
  const { id, name, status } = document;
  return { ...more, id, name, status, document, tags: plain(document.tags), created: moment(document.created_at) };
}

/** An instant in local time; anything else as the filter finds it. */
const shown = (value: unknown, text: unknown): ReactNode => (isInstant(value) ? <LocalTime at={value} /> : plain(text));

const column = (id: string, header: string, cell: Column['cell'], isHidden = false): Column => ({
  id,
  header,
  cell,
  sortingField: id,
  isHidden,
  minWidth: 90,
});

export const columnsOf = (kind: Kind): Column[] => [
  {
    ...column('name', 'Name', (row) => <Link to={`/${kind.slug}/detail/?id=${row.id}`}>{row.name}</Link>),
    isRowHeader: true,
    minWidth: 150,
  },
  column('status', 'Status', (row) => <Status status={row.status} reason={row.document.status_reason} />),
  ...kind.columns.map((each) =>
    column(each.id, each.label, (row) => shown(each.of(row.document), row[each.id]), each.isHidden),
  ),
  column('tags', 'Tags', (row) => plain(row.tags), true),
  column('created', 'Created', (row) => <Age at={row.document.created_at} />),
  column('id', 'ID', (row) => row.id, true),
];

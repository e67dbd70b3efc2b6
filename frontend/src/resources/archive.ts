import { typed, type Document } from '@/api/types';
import { bytes } from '@/lib/format';
import { observed, spec } from './fields';
import type { Kind } from './types';

const complete = (document: Document) =>
  typed('archive', document).observed.backups.filter(({ status }) => status !== 'creating');

export const archive: Kind = {
  slug: 'archives',
  kind: 'archive',
  prefix: 'arc',
  one: 'archive',
  many: 'Archives',
  section: 'Data',
  about:
    'An archive is what a database is restored from: its backups and its log. It comes with the database and outlives it.',
  list: '/api/archives',
  item: '/api/archives/{id_or_name}',
  tabs: ['archived'],
  elsewhere: ['backups', 'ranges'],
  columns: [
    { id: 'engine', label: 'Engine', of: ({ spec: { engine, version } }) => `${engine} ${version}` },
    { id: 'backups', label: 'Backups', of: (document) => complete(document).length },
    {
      id: 'size',
      label: 'Size',
      of: (document) => bytes(complete(document).reduce((sum, each) => sum + each.size_bytes, 0)),
    },
    {
      id: 'newest',
      label: 'Newest',
      of: (document) =>
        complete(document)
          .map((each) => each.ended_at ?? '')
          .sort()
          .at(-1),
    },
    { id: 'expires', label: 'Kept until', of: observed('expires_at') },
    { id: 'database', label: 'Database', of: spec('database'), isHidden: true },
    { id: 'schedule', label: 'When', of: spec('schedule'), isHidden: true },
    { id: 'days', label: 'Days kept', of: spec('retention_days'), isHidden: true },
  ],
  actions: [
    {
      id: 'delete',
      label: 'Delete',
      path: '/api/archives/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      // That of a database that lives goes with it, or is kept when it goes.
      fits: ({ observed: { expires_at: until } }) => until != null,
      command: (it) => `archive delete ${it}`,
    },
  ],
};

import type { Document } from '@/api/types';
import { fieldsOf } from './fields';
import type { Kind } from './types';

type Trashed = Document & { trashed_at?: string; deleted_by_name?: string; purges_at?: string | null };
const of = (name: 'trashed_at' | 'deleted_by_name' | 'purges_at') => (document: Trashed) => document[name];

const RESTORE = fieldsOf('RestoreFromTrash', [
  { name: 'name', option: '--as', hint: 'Another name, if its own is taken.' },
]);

/** What was deleted and can be restored. It holds resources of several kinds. */
export const trash: Kind = {
  slug: 'trash',
  kind: 'trash',
  prefix: '',
  one: 'resource',
  many: 'Trash',
  section: 'Upkeep',
  about: 'What is deleted is kept here for a while, with its files and secrets. Its name is free meanwhile.',
  list: '/api/trash',
  item: '/api/resources/{id_or_name}',
  columns: [
    { id: 'kind', label: 'Kind', of: ({ kind }) => kind.replaceAll('_', ' ') },
    { id: 'deleted', label: 'Deleted', of: of('trashed_at') },
    { id: 'until', label: 'Kept until', of: of('purges_at') },
    { id: 'by', label: 'Deleted by', of: of('deleted_by_name') },
  ],
  actions: [
    {
      id: 'restore',
      label: 'Restore',
      path: '/api/trash/{id}/restore',
      when: ['trashed'],
      isSingle: true,
      fields: RESTORE,
      command: (it, { name }) => `trash restore ${it}${name ? ` --as ${name}` : ''}`,
    },
    {
      id: 'purge',
      label: 'Purge',
      path: '/api/trash/{id}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `trash purge ${it}`,
    },
  ],
};

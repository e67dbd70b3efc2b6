import { observed } from './fields';
import type { Kind } from './types';

export const orphan: Kind = {
  slug: 'orphans',
  kind: 'orphan',
  prefix: 'orphan',
  one: 'orphan',
  many: 'Orphans',
  section: 'Upkeep',
  about:
    'An orphan is on the engine though nothing wants it. It is held for a while, so that nothing is lost by mistake, and removed then.',
  list: '/api/orphans',
  item: '/api/orphans/{id_or_name}',
  columns: [
    { id: 'thing', label: 'Thing', of: observed('thing') },
    { id: 'of', label: 'Of', of: observed('resource_id') },
    { id: 'until', label: 'Held until', of: observed('held_until') },
    { id: 'why', label: 'Why', of: ({ status_reason: reason }) => reason },
  ],
  actions: [
    {
      id: 'remove',
      label: 'Remove',
      path: '/api/orphans/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `orphan remove ${it}`,
    },
  ],
};

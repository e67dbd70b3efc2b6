import { fieldsOf, name, spec } from './fields';
import type { Kind } from './types';

export const accessKey: Kind = {
  slug: 'keys',
  kind: 'access_key',
  prefix: 'key',
  one: 'key',
  many: 'Keys',
  section: 'Access',
  about: 'A key lets a person or a program in, with a role. It is shown once.',
  list: '/api/keys',
  item: '/api/keys/{id_or_name}',
  columns: [
    { id: 'role', label: 'Role', of: spec('role') },
    { id: 'expires', label: 'Expires', of: spec('expires_at') },
  ],
  create: {
    verb: 'Issue',
    command: 'key issue',
    role: 'admin',
    fields: fieldsOf('IssueKey', [
      name,
      { name: 'role', initial: 'viewer', option: '--role' },
      { name: 'expires_at', option: '--expires' },
      { name: 'account', isMore: true, option: '--account' },
    ]),
  },
  actions: [
    {
      id: 'revoke',
      label: 'Revoke',
      path: '/api/keys/{id_or_name}',
      method: 'DELETE',
      role: 'admin',
      isDestructive: true,
      when: ['active'],
      command: (it) => `key revoke ${it}`,
    },
  ],
};

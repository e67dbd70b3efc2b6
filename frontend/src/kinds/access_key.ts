import { fieldsOf, name, spec, type Kind } from './kind';

export const accessKey: Kind = {
  slug: 'keys', kind: 'access_key', prefix: 'key', one: 'key', many: 'Keys', section: 'Access',
  about: 'A key lets a person or a program in, with a role. It is shown once.',
  list: '/api/keys', item: '/api/keys/{id_or_name}',
  columns: [
    { id: 'role', label: 'Role', of: spec('role') },
    { id: 'expires', label: 'Expires', of: spec('expires_at') },
  ],
  create: {
    verb: 'Issue', command: 'key issue', role: 'admin',
    fields: fieldsOf('IssueKey', [
      { ...name('ci') },
      { name: 'role', label: 'Role', choices: ['viewer', 'operator', 'admin'], initial: 'viewer', isRequired: true, option: '--role' },
      { name: 'expires_at', label: 'Ends', option: '--expires', hint: 'RFC 3339, such as 2027-01-31T12:00:00Z. Left out: never.' },
      { name: 'account', label: 'Account', isMore: true, option: '--account', hint: 'Whose key. Left out: your own account.' },
    ]),
  },
  actions: [
    { id: 'revoke', label: 'Revoke', path: '/api/keys/{id_or_name}', method: 'DELETE', role: 'admin', isDestructive: true, when: ['active'], command: (it) => `key revoke ${it}` },
  ],
};

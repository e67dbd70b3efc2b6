import { fieldsOf, inVpc, name, publish, tags, type Kind } from './kind';
import { serverActions, serverColumns } from './server';

export const database: Kind = {
  slug: 'databases', kind: 'database', one: 'database', many: 'Databases', section: 'Data',
  about: 'A database is a server of its own with backups and a log: it can be restored to any second of its window.',
  list: '/api/databases', item: '/api/databases/{id_or_name}', metrics: '/api/databases/{id_or_name}/metrics',
  tabs: ['connection', 'backups', 'metrics'],
  columns: serverColumns,
  create: {
    verb: 'Create', command: 'db create',
    fields: fieldsOf('CreateDatabase', [
      { ...name('orders') },
      { name: 'engine', label: 'Engine', choices: ['postgres', 'mysql'], initial: 'postgres', option: '--engine' },
      { name: 'class', label: 'Class', choices: ['micro', 'small', 'medium', 'large'], initial: 'small', option: '--class' },
      { name: 'database', label: 'First database in it', initial: 'app', option: '--database' },
      { name: 'user', label: 'Who owns it', initial: 'app', option: '--user' },
      inVpc,
      publish,
      { name: 'backup.retention_days', label: 'Days that backups are kept', type: 'number', initial: '7', option: '--retention-days' },
      tags,
    ]),
  },
  actions: [
    { id: 'backup', label: 'Back up now', path: '/api/databases/{id_or_name}/backups', when: ['available'], command: (it) => `db backup ${it}` },
    {
      id: 'restore', label: 'Restore to a moment', path: '/api/databases/{id_or_name}/restore',
      fields: fieldsOf('RestoreDatabase', [
        { name: 'name', label: 'Name of the new database', isRequired: true },
        { name: 'to', label: 'Moment', isRequired: true, hint: 'RFC 3339, such as 2026-11-23T10:02:11.250Z. See the window under Backups.' },
      ]),
      command: (it, values) => `db restore ${it} --as ${values.name} --to ${values.to}`,
    },
    ...serverActions('db', {
      start: '/api/databases/{id_or_name}/start', stop: '/api/databases/{id_or_name}/stop',
      rotate: '/api/databases/{id_or_name}/rotate-credentials', item: '/api/databases/{id_or_name}',
    }),
  ],
};

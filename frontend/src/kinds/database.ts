import type { Document } from '@/api/types';
import { bodyOf, changing, initial } from '@/lib/forms';
import type { Outcome } from '@/lib/outcome';
import { fieldsOf, inVpc, name, publish, tags, type Action, type Kind, type Values } from './kind';
import { isProtected, isProtectedFirst, parameters, serverActions, serverColumns, storage, version } from './server';

const CLASSES = ['micro', 'small', 'medium', 'large'] as const;
type Backup = { id: string; status: string };
const backupsOf = ({ observed }: Document) => (observed.backups ?? []) as Backup[];

/** The answer is the archive, in which the backup that was asked for is the newest. */
export function backedUp(now: Document, asked: Document): Outcome {
  const begun = backupsOf(asked).findLast(({ status }) => status === 'creating');
  const found = backupsOf(now).find(({ id }) => id === begun?.id);
  if (begun === undefined || found?.status === 'available') return { is: 'done', says: 'backed up' };
  if (found?.status === 'creating') return { is: 'under way', says: 'being backed up' };
  return { is: 'failed', says: `not backed up: ${now.status_reason ?? found?.status ?? 'the backup is gone'}` };
}

const policy = fieldsOf('ChangeBackups', [
  { name: 'schedule', label: 'When', hint: 'Five fields of cron, in UTC.', option: '--schedule' },
  { name: 'retention_days', label: 'Days that backups are kept', type: 'number', option: '--retention-days' },
  { name: 'retention_count', label: 'At most so many', type: 'number', option: '--retention-count', emptied: 0 },
  { name: 'drill_schedule', label: 'When one is restored for a trial', hint: 'Empty: never.', option: '--drills', emptied: '' },
]);

/** Change how a database is backed up; its archive knows how it is now. */
export function backupPolicy({ spec }: Document): Action {
  const now: Values = Object.fromEntries(policy.map((field) => [field.name, String(spec[field.name] ?? '')]));
  return {
    id: 'policy', label: 'Change policy', path: '/api/databases/{id_or_name}/backups', method: 'PATCH', fields: policy, start: () => now, outcome: 'changed',
    command: (it, values) => changing('db policy', it, policy, values, now),
  };
}

const RESTORE = '/api/databases/{id_or_name}/restore';
const restored = { name: 'name', label: 'Name of the new database', isRequired: true, option: '--as' } as const;

/** Restore to a moment, which may be chosen already. */
export function restoring(to = ''): Action {
  const fields = fieldsOf('RestoreDatabase', [
    restored,
    { name: 'to', label: 'Moment', initial: to, option: '--to', hint: 'RFC 3339, such as 2026-11-23T10:02:11.250Z; see the window under Backups. Left out: the newest.' },
    publish,
  ]);
  return {
    id: 'restore', label: 'Restore to a moment', path: RESTORE, isSingle: true, fields,
    command: (it, values) => changing('db restore', it, fields, { ...values, name: values.name || 'NAME' }, {}),
  };
}

/** Restore a backup alone, without the log that leads on from it. */
export function restoringBackup(backup: string): Action {
  const fields = fieldsOf('RestoreDatabase', [restored, publish]);
  return {
    id: backup, label: 'Restore', path: RESTORE, fields, body: (values) => ({ ...bodyOf(fields, values), backup }),
    command: (it, values) => `${changing('db restore', it, fields, { ...values, name: values.name || 'NAME' }, {})} --backup ${backup}`,
  };
}

const replica = fieldsOf('CreateReplica', [
  { name: 'name', label: 'Name of the replica', isRequired: true, option: '--as' },
  { name: 'class', label: 'Class', choices: CLASSES, option: '--class', hint: 'Left out: as its source.' },
  publish,
  tags,
  storage, isProtectedFirst,
]);

export const database: Kind = {
  slug: 'databases', kind: 'database', prefix: 'db', one: 'database', many: 'Databases', section: 'Data',
  about: 'A database is a server of its own with backups and a log: it can be restored to any second of its window.',
  list: '/api/databases', item: '/api/databases/{id_or_name}', metrics: '/api/databases/{id_or_name}/metrics',
  tabs: ['connection', 'backups', 'replicas', 'metrics', 'stats'],
  columns: [...serverColumns, { id: 'replica', label: 'Replica of', of: ({ spec: { replica_of: source } }) => source }],
  create: {
    verb: 'Create', command: 'db create',
    fields: fieldsOf('CreateDatabase', [
      { ...name('orders', true) },
      { name: 'engine', label: 'Engine', choices: ['postgres', 'mysql'], initial: 'postgres', option: '--engine' },
      { name: 'class', label: 'Class', choices: CLASSES, initial: 'small', option: '--class' },
      { name: 'database', label: 'First database in it', initial: 'app', option: '--database' },
      { name: 'user', label: 'Who owns it', initial: 'app', option: '--user' },
      inVpc,
      publish,
      { name: 'backup.retention_days', label: 'Days that backups are kept', type: 'number', initial: '7', option: '--retention-days' },
      tags,
      version, storage,
      { name: 'backup.schedule', label: 'When backups are made', isMore: true, option: '--schedule', hint: 'Five fields of cron, in UTC. Left out: daily at 3.' },
      { name: 'backup.retention_count', label: 'At most so many backups', type: 'number', isMore: true, option: '--retention-count' },
      { name: 'backup.synchronous', label: 'Commits wait until the archive has them', type: 'switch', initial: 'false', isMore: true, option: '--synchronous' },
      { ...parameters, isMore: true, emptied: undefined, hint: 'One name=value a line, such as work_mem=8192.' },
      isProtectedFirst,
    ]),
  },
  actions: [
    { id: 'backup', label: 'Back up now', path: '/api/databases/{id_or_name}/backups', when: ['available'], outcome: 'backedUp', command: (it) => `db backup ${it}` },
    restoring(),
    {
      id: 'replicate', label: 'Create a replica', path: '/api/databases/{id_or_name}/replicas', when: ['available'], isSingle: true,
      fields: replica, command: (it, values) => changing('db replica create', it, replica, { ...values, name: values.name || 'NAME' }, initial(replica)),
    },
    {
      id: 'promote', label: 'Promote', path: '/api/databases/{id_or_name}/promote', isSingle: true,
      fits: ({ spec: { replica_of: source } }) => source != null, command: (it) => `db promote ${it}`,
    },
    ...serverActions('db', {
      start: '/api/databases/{id_or_name}/start', stop: '/api/databases/{id_or_name}/stop',
      rotate: '/api/databases/{id_or_name}/rotate-credentials', item: '/api/databases/{id_or_name}',
    }, fieldsOf('ChangeDatabase', [{ name: 'class', label: 'Class', choices: CLASSES, option: '--class' }, parameters, isProtected]), {
      fields: [
        { name: 'keep_backups', label: 'Keep its backups until their retention ends', type: 'switch', initial: 'true' },
        { name: 'final_backup', label: 'Make one more before it goes', type: 'switch', initial: 'false' },
      ],
      query: ({ keep_backups: keep, final_backup: final }) => ({ keep_backups: keep === 'true', final_backup: final === 'true' }),
      command: (it, { keep_backups: keep, final_backup: final }) =>
        `db delete ${it}${keep === 'false' ? ' --drop-backups' : ''}${final === 'true' ? ' --final-backup' : ''}`,
    }),
  ],
};

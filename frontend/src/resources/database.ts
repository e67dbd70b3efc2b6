import { typed, type Document } from '@/api/types';
import { bodyOf, changing, initial } from '@/lib/forms';
import type { Outcome } from '@/lib/outcome';
import { fieldsOf, inVpc, name, placed, publish, tags } from './fields';
import type { Action, Kind, Values } from './types';
import {
  groups,
  isProtected,
  isProtectedFirst,
  parameters,
  serverActions,
  serverColumns,
  storage,
  version,
} from './server';

const CLASSES = ['micro', 'small', 'medium', 'large'] as const;
const backupsOf = (document: Document) => typed('archive', document).observed.backups;

/** The answer is the archive, in which the backup that was asked for is the newest. */
export function backedUp(now: Document, asked: Document): Outcome {
  const begun = backupsOf(asked).findLast(({ status }) => status === 'creating');
  const found = backupsOf(now).find(({ id }) => id === begun?.id);
  if (begun === undefined || found?.status === 'available') return { is: 'done', description: 'backed up' };
  if (found?.status === 'creating') return { is: 'under way', description: 'being backed up' };
  return { is: 'failed', description: `not backed up: ${now.status_reason ?? found?.status ?? 'the backup is gone'}` };
}

const policy = fieldsOf('ChangeBackups', [
  { name: 'schedule', option: '--schedule' },
  { name: 'retention_days', option: '--retention-days' },
  {
    name: 'retention_count',
    option: '--retention-count',
    emptied: 0,
  },
  {
    name: 'drill_schedule',
    option: '--drills',
    emptied: '',
  },
]);

/** Change how a database is backed up; its archive knows how it is now. */
export function backupPolicy({ spec }: Document): Action {
  const now: Values = Object.fromEntries(policy.map((field) => [field.name, String(spec[field.name] ?? '')]));
  return {
    id: 'policy',
    label: 'Change policy',
    path: '/api/databases/{id_or_name}/backups',
    method: 'PATCH',
    fields: policy,
    start: () => now,
    outcome: 'changed',
    command: (it, values) => changing('db policy', it, policy, values, now),
  };
}

const RESTORE = '/api/databases/{id_or_name}/restore';
const restored = { name: 'name', option: '--as', isRequired: true } as const;

/** Until its first backup is complete, a database cannot be restored. */
const hasBackup = ({ status }: Document): boolean => !['creating', 'backing-up'].includes(status);

/** Restore to a moment, which may be chosen already. */
export function restoring(to = ''): Action {
  const fields = fieldsOf('RestoreDatabase', [restored, { name: 'to', initial: to, option: '--to' }, publish]);
  return {
    id: 'restore',
    label: 'Restore to a moment',
    path: RESTORE,
    isSingle: true,
    fields,
    fits: hasBackup,
    command: (it, values) => changing('db restore', it, fields, { ...values, name: values.name || 'NAME' }, {}),
  };
}

/** Restore a backup alone, without the log that leads on from it. */
export function restoringBackup(backup: string): Action {
  const fields = fieldsOf('RestoreDatabase', [restored, publish]);
  return {
    id: backup,
    label: 'Restore',
    path: RESTORE,
    fields,
    body: (values) => ({ ...bodyOf(fields, values), backup }),
    command: (it, values) =>
      `${changing('db restore', it, fields, { ...values, name: values.name || 'NAME' }, {})} --backup ${backup}`,
  };
}

const replica = fieldsOf('CreateReplica', [
  { name: 'name', option: '--as' },
  { name: 'class', choices: CLASSES, option: '--class' },
  publish,
  tags,
  storage,
  ...placed,
  isProtectedFirst,
]);

export const database: Kind = {
  slug: 'databases',
  kind: 'database',
  prefix: 'db',
  one: 'database',
  many: 'Databases',
  section: 'Data',
  about: 'A database is a server of its own with backups and a log: it can be restored to any second of its window.',
  list: '/api/databases',
  item: '/api/databases/{id_or_name}',
  metrics: '/api/databases/{id_or_name}/metrics',
  tabs: ['connection', 'backups', 'replicas', 'metrics', 'stats'],
  columns: [...serverColumns, { id: 'replica', label: 'Replica of', of: ({ spec: { replica_of: source } }) => source }],
  create: {
    verb: 'Create',
    command: 'db create',
    fields: fieldsOf('CreateDatabase', [
      name,
      { name: 'engine', choices: ['postgres', 'mariadb', 'mysql'], option: '--engine' },
      { name: 'class', choices: CLASSES, option: '--class' },
      { name: 'database', option: '--database' },
      { name: 'user', option: '--user' },
      inVpc,
      publish,
      { name: 'backup.retention_days', option: '--retention-days' },
      tags,
      version,
      storage,
      ...placed,
      { name: 'backup.schedule', isMore: true, option: '--schedule' },
      { name: 'backup.retention_count', isMore: true, option: '--retention-count' },
      { name: 'backup.synchronous', isMore: true, option: '--synchronous' },
      { ...parameters, isMore: true, emptied: undefined },
      isProtectedFirst,
    ]),
  },
  actions: [
    {
      id: 'backup',
      label: 'Back up now',
      path: '/api/databases/{id_or_name}/backups',
      when: ['available'],
      outcome: 'backedUp',
      command: (it) => `db backup ${it}`,
    },
    restoring(),
    {
      id: 'replicate',
      label: 'Create a replica',
      path: '/api/databases/{id_or_name}/replicas',
      when: ['available'],
      isSingle: true,
      fields: replica,
      command: (it, values) =>
        changing('db replica create', it, replica, { ...values, name: values.name || 'NAME' }, initial(replica)),
    },
    {
      id: 'promote',
      label: 'Promote',
      path: '/api/databases/{id_or_name}/promote',
      isSingle: true,
      fits: ({ spec: { replica_of: source } }) => source != null,
      command: (it) => `db promote ${it}`,
    },
    ...serverActions(
      'db',
      {
        start: '/api/databases/{id_or_name}/start',
        stop: '/api/databases/{id_or_name}/stop',
        rotate: '/api/databases/{id_or_name}/rotate-credentials',
        item: '/api/databases/{id_or_name}',
      },
      fieldsOf('ChangeDatabase', [
        { name: 'class', choices: CLASSES, option: '--class' },
        parameters,
        groups,
        isProtected,
      ]),
      {
        fields: [
          {
            name: 'keep_backups',
            label: 'Keep its backups until their retention ends',
            type: 'switch',
            initial: 'true',
          },
          { name: 'final_backup', label: 'Take a final backup', type: 'switch', initial: 'false' },
        ],
        query: ({ keep_backups: keep, final_backup: final }) => ({
          keep_backups: keep === 'true',
          final_backup: final === 'true',
        }),
        command: (it, { keep_backups: keep, final_backup: final }) =>
          `db delete ${it}${keep === 'false' ? ' --drop-backups' : ''}${final === 'true' ? ' --final-backup' : ''}`,
      },
    ),
  ],
};

import { typed, type Document } from '@/api/types';
import { bodyOf, changing } from '@/lib/forms';
import { taking } from './snapshot';
import { fieldsOf, kept, name, observed, spec, tagging, tags } from './fields';
import type { Action, Kind, Values } from './types';

const clock = fieldsOf('SnapshotSchedule', [
  { name: 'schedule', isRequired: true, option: '--cron' },
  { name: 'retention_days', isRequired: true, option: '--retention-days' },
  { name: 'retention_count', option: '--retention-count' },
]);
const policyOf = ({ spec: { snapshot_policy: policy } }: Document) => policy as Record<string, unknown> | null;

function now(document: Document): Values {
  const policy = policyOf(document);
  return Object.fromEntries(
    clock.map((field) => [field.name, policy ? String(policy[field.name] ?? '') : (field.initial ?? '')]),
  );
}

export const schedule: Action = {
  id: 'schedule',
  label: 'Schedule snapshots',
  path: '/api/volumes/{id_or_name}/snapshot-policy',
  method: 'PUT',
  fields: clock,
  start: now,
  body: (values) => bodyOf(clock, values),
  outcome: 'changed',
  command: (it, values) => changing('volume schedule', it, clock, values, {}),
};
export const unschedule: Action = {
  id: 'unschedule',
  label: 'Stop the schedule',
  path: '/api/volumes/{id_or_name}/snapshot-policy',
  method: 'DELETE',
  outcome: 'changed',
  fits: (document) => policyOf(document) !== null,
  command: (it) => `volume unschedule ${it}`,
};

export const volume: Kind = {
  slug: 'volumes',
  kind: 'volume',
  prefix: 'vol',
  one: 'volume',
  many: 'Volumes',
  section: 'Storage',
  about: 'A volume keeps files longer than the instance they are attached to, and can be snapshot.',
  list: '/api/volumes',
  item: '/api/volumes/{id_or_name}',
  tabs: ['snapshots'],
  elsewhere: ['snapshots', 'snapshot_policy', 'missed_snapshot'],
  columns: [
    { id: 'size', label: 'Size (GiB)', of: spec('size_gb') },
    { id: 'attached', label: 'Attached to', of: observed('attached_to') },
    { id: 'schedule', label: 'Scheduled snapshots', of: (document) => policyOf(document)?.schedule },
    { id: 'path', label: 'Path', of: (document) => typed('volume', document).observed.attached_to?.path },
  ],
  create: {
    verb: 'Create',
    command: 'volume create',
    fields: fieldsOf('CreateVolume', [name, { name: 'size_gb', option: '--size' }, tags]),
  },
  actions: [
    {
      id: 'attach',
      label: 'Attach',
      path: '/api/volumes/{id_or_name}/attach',
      when: ['available'],
      isSingle: true,
      outcome: 'changed',
      fits: ({ observed: { attached_to: to } }) => to === null,
      fields: fieldsOf('AttachVolume', [
        { name: 'instance', of: '/api/instances' },
        { name: 'path', initial: '/data' },
      ]),
      command: (it, values) => `volume attach ${it} ${values.instance} --path ${values.path}`,
    },
    {
      id: 'detach',
      label: 'Detach',
      path: '/api/volumes/{id_or_name}/detach',
      outcome: 'changed',
      fits: ({ observed: { attached_to: to } }) => to !== null,
      body: (_, document) => ({ instance: typed('volume', document).observed.attached_to?.id }),
      command: (it) => `volume detach ${it}`,
    },
    taking,
    schedule,
    unschedule,
    tagging('/api/volumes/{id_or_name}', 'volume'),
    kept({
      id: 'delete',
      label: 'Delete',
      path: '/api/volumes/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `volume delete ${it}`,
    }),
  ],
};

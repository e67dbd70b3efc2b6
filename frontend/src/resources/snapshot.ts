import { bytes } from '@/lib/format';
import { settled, type Outcome } from '@/lib/outcome';
import { typed, type Document } from '@/api/types';
import { bodyOf, changing, initial } from '@/lib/forms';
import { fieldsOf, name, observed, spec, tagging, tags } from './fields';
import type { Action, Kind, Values } from './types';

const PROGRESS = '/api/snapshots/{id_or_name}/progress';

export function verified(now: Document, asked: Document): Outcome {
  if (now.status !== 'available') return settled(now, asked);
  return now.observed.verified_at
    ? { is: 'done', description: 'verified' }
    : { is: 'under way', description: 'being read back' };
}

const isOfOne = ({ all }: Values) => all !== 'true';
const named = fieldsOf('CreateSnapshot', [name, tags]);

/** Take a snapshot of the volume that is shown. */
export const taking: Action = {
  id: 'snapshot',
  label: 'Take a snapshot',
  path: '/api/snapshots',
  isSingle: true,
  fields: named,
  progress: PROGRESS,
  body: (values, { id }) => ({ ...bodyOf(named, values), volume: id }),
  command: (it, values) =>
    changing(`snapshot create ${values.name || 'NAME'}`, it, named.slice(1), values, initial(named)),
};

const restoring = fieldsOf('RestoreSnapshot', [
  { name: 'name' },
  { name: 'volume', option: '--volume' },
  { name: 'size_gb', option: '--size' },
]);
const copying = fieldsOf('CopySnapshot', [
  { name: 'to', of: '/api/copy-targets', isWhole: true, option: '--to' },
  { name: 'name', option: '--as' },
  tags,
]);

export const snapshot: Kind = {
  slug: 'snapshots',
  kind: 'snapshot',
  prefix: 'snap',
  one: 'snapshot',
  many: 'Snapshots',
  section: 'Storage',
  about: 'A snapshot is what volumes held at one moment. Any number of new volumes can be made of it.',
  list: '/api/snapshots',
  item: '/api/snapshots/{id_or_name}',
  columns: [
    { id: 'volumes', label: 'Volumes', of: spec('volumes') },
    { id: 'taken', label: 'Taken', of: observed('taken_at') },
    { id: 'size', label: 'Size', of: (document) => bytes(typed('snapshot', document).observed.bytes) },
    { id: 'at', label: 'At', of: (document) => typed('snapshot', document).spec.target ?? 'here' },
    { id: 'paused', label: 'Pause (ms)', of: observed('pause_ms'), isHidden: true },
  ],
  create: {
    verb: 'Take',
    command: 'snapshot create',
    progress: PROGRESS,
    fields: fieldsOf('CreateSnapshot', [
      name,
      { name: 'all', option: '--all' },
      { name: 'volume', of: '/api/volumes', isRequired: true, isShown: isOfOne },
      tags,
    ]),
  },
  actions: [
    {
      id: 'restore',
      label: 'Restore',
      path: '/api/snapshots/{id_or_name}/restore',
      when: ['available'],
      isSingle: true,
      fields: restoring,
      command: (it, values) =>
        changing('snapshot restore', it, restoring, { ...values, name: values.name || 'NAME' }, {}),
    },
    {
      id: 'copy',
      label: 'Copy',
      path: '/api/snapshots/{id_or_name}/copies',
      when: ['available'],
      fields: copying,
      command: (it, values) => changing('snapshot copy', it, copying, { ...values, to: values.to || 'TARGET' }, {}),
    },
    {
      id: 'verify',
      label: 'Verify',
      path: '/api/snapshots/{id_or_name}/verify',
      when: ['available'],
      outcome: 'verified',
      progress: PROGRESS,
      command: (it) => `snapshot verify ${it}`,
    },
    tagging('/api/snapshots/{id_or_name}', 'snapshot'),
    {
      id: 'delete',
      label: 'Delete',
      path: '/api/snapshots/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `snapshot delete ${it}`,
    },
  ],
};

import { bytes } from '@/lib/format';
import { settled, type Outcome } from '@/lib/outcome';
import type { Document } from '@/api/types';
import { fieldsOf, name, observed, spec, tagging, tags, type Kind } from './kind';

const PROGRESS = '/api/snapshots/{id_or_name}/progress';

export function verified(now: Document, asked: Document): Outcome {
  if (now.status !== 'available') return settled(now, asked);
  return now.observed.verified_at ? { is: 'done', says: 'read back, and as it was written' } : { is: 'under way', says: 'being read back' };
}

export const snapshot: Kind = {
  slug: 'snapshots', kind: 'snapshot', prefix: 'snap', one: 'snapshot', many: 'Snapshots', section: 'Storage',
  about: 'A snapshot is what volumes held at one moment. Any number of new volumes can be made of it.',
  list: '/api/snapshots', item: '/api/snapshots/{id_or_name}',
  columns: [
    { id: 'volumes', label: 'Volumes', of: spec('volumes') },
    { id: 'taken', label: 'Taken', of: observed('taken_at') },
    { id: 'size', label: 'Size', of: ({ observed: seen }) => bytes(seen.bytes as number | null) },
    { id: 'at', label: 'At', of: ({ spec: asked }) => (asked.target as string | null) ?? 'here' },
    { id: 'paused', label: 'Pause (ms)', of: observed('pause_ms'), isHidden: true },
  ],
  create: {
    verb: 'Take', command: 'snapshot create', progress: PROGRESS,
    fields: fieldsOf('CreateSnapshot', [
      { ...name('before-upgrade') },
      { name: 'volume', label: 'Volume', of: '/api/volumes', isRequired: true },
      tags,
    ]),
  },
  actions: [
    {
      id: 'restore', label: 'Restore', path: '/api/snapshots/{id_or_name}/restore', when: ['available'], isSingle: true,
      fields: fieldsOf('RestoreSnapshot', [{ name: 'name', label: 'Name of the new volume', isRequired: true }]),
      command: (it, values) => `snapshot restore ${it} ${values.name}`,
    },
    {
      id: 'copy', label: 'Copy', path: '/api/snapshots/{id_or_name}/copies', when: ['available'],
      fields: fieldsOf('CopySnapshot', [{ name: 'to', label: 'Target', isRequired: true, hint: 'One that `cloud snapshot targets` lists.' }]),
      command: (it, values) => `snapshot copy ${it} --to ${values.to}`,
    },
    { id: 'verify', label: 'Verify', path: '/api/snapshots/{id_or_name}/verify', when: ['available'], outcome: 'verified', progress: PROGRESS, command: (it) => `snapshot verify ${it}` },
    tagging('/api/snapshots/{id_or_name}', 'snapshot'),
    { id: 'delete', label: 'Delete', path: '/api/snapshots/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `snapshot delete ${it}` },
  ],
};

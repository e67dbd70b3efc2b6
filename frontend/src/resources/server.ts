/** What databases, caches and queues share. */
import type { Document, Path } from '@/api/types';
import { changing } from '@/lib/forms';
import { kept, namesOf, observed, securityGroups, spec, tagging, vpc } from './fields';
import type { Action, Column, Field, Values } from './types';

export const serverColumns: readonly Column[] = [
  { id: 'engine', label: 'Engine', of: (document) => `${document.spec.engine} ${document.spec.version}` },
  { id: 'memory', label: 'Memory (MiB)', of: spec('memory_mb') },
  vpc,
  { id: 'address', label: 'Address', of: observed('address') },
  { id: 'publish', label: 'Host port', of: spec('publish') },
  securityGroups,
];

export const version = { name: 'version', isMore: true, option: '--version' } as const;
export const storage = { name: 'storage_gb', isMore: true, option: '--storage' } as const;
export const cpus = { name: 'cpus', isMore: true, option: '--cpus' } as const;
export const files = { name: 'volume', of: '/api/volumes', isMore: true, option: '--volume' } as const;
export const tls = { name: 'tls', isMore: true, option: '--tls' } as const;
export const isProtectedFirst = { name: 'deletion_protection', isMore: true, option: '--protected' } as const;

type Paths = Record<'start' | 'stop' | 'rotate' | 'item', Path>;

export const groups = { name: 'security_groups', option: '--security-group' } as const;
export const isProtected = { name: 'deletion_protection', option: '--protected/--unprotected' } as const;

/** Any field of a server as a form shows it. */
const shown = (value: unknown): string => {
  if (value == null) return '';
  if (Array.isArray(value)) return namesOf(value).join(' ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([key, each]) => `${key}=${each}`)
      .join('\n');
  return String(value);
};

/** Of `domain/status.py`: clients can use a server with one of these statuses. */
export const usable = ['available', 'backing-up'];

export const serverActions = (
  noun: string,
  paths: Paths,
  fields: readonly Field[],
  deletes?: Partial<Action>,
): readonly Action[] => {
  const start = ({ spec: now }: Document): Values =>
    Object.fromEntries(fields.map(({ name }) => [name, shown(now[name])]));
  return [
    {
      id: 'start',
      label: 'Start',
      path: paths.start,
      when: ['stopped', 'error'],
      command: (it) => `${noun} start ${it}`,
    },
    { id: 'stop', label: 'Stop', path: paths.stop, when: usable, command: (it) => `${noun} stop ${it}` },
    {
      id: 'change',
      label: 'Change',
      path: paths.item,
      method: 'PATCH',
      isSingle: true,
      fields,
      start,
      command: (it, values, document) => changing(`${noun} change`, it, fields, values, start(document)),
    },
    {
      id: 'rotate',
      label: 'Rotate credentials',
      path: paths.rotate,
      when: usable,
      command: (it) => `${noun} rotate-credentials ${it}`,
    },
    tagging(paths.item, noun),
    kept({
      id: 'delete',
      label: 'Delete',
      path: paths.item,
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `${noun} delete ${it}`,
      ...deletes,
    }),
  ];
};

export const limits = [
  { name: 'memory_mb', option: '--memory' },
  { name: 'cpus', option: '--cpus' },
] as const;
export const parameters = {
  name: 'parameters',
  option: '--parameter',
  emptied: {},
} as const;

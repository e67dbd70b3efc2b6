/** What databases, caches and queues share. */
import type { Document, Path } from '@/api/types';
import { changing } from '@/lib/forms';
import { observed, spec, tagging, vpc, type Action, type Column, type Field, type Values } from './kind';

export const serverColumns: readonly Column[] = [
  { id: 'engine', label: 'Engine', of: (document) => `${document.spec.engine} ${document.spec.version}` },
  { id: 'memory', label: 'Memory (MiB)', of: spec('memory_mb') },
  vpc,
  { id: 'address', label: 'Address', of: observed('address') },
  { id: 'publish', label: 'Port of the host', of: spec('publish') },
];

export const version = { name: 'version', label: 'Version', isMore: true, option: '--version', hint: 'Left out: the newest.' } as const;
export const storage = {
  name: 'storage_gb', label: 'Storage (GiB)', type: 'number', isMore: true, option: '--storage', hint: 'A real limit. Left out: what the disk holds.',
} as const;
export const cpus = { name: 'cpus', label: 'Cores', type: 'number', initial: '1', isMore: true, option: '--cpus' } as const;
export const files = {
  name: 'volume', label: 'Volume', of: '/api/volumes', isMore: true, option: '--volume', hint: 'An unattached one with the files of such a server, as a snapshot was restored to. It goes with it.',
} as const;
export const tls = { name: 'tls', label: 'Speaks TLS and nothing else', type: 'switch', initial: 'false', isMore: true, option: '--tls' } as const;
export const isProtectedFirst = { name: 'deletion_protection', label: 'Protected from deletion', type: 'switch', initial: 'false', isMore: true, option: '--protected' } as const;

type Paths = Record<'start' | 'stop' | 'rotate' | 'item', Path>;

export const isProtected = {
  name: 'deletion_protection', label: 'Protected from deletion', type: 'switch', initial: 'false', option: '--protected/--unprotected',
} as const;

/** Any field of a server as a form shows it. */
const shown = (value: unknown): string => {
  if (value == null) return '';
  if (typeof value === 'object') return Object.entries(value).map(([key, each]) => `${key}=${each}`).join('\n');
  return String(value);
};

export const serverActions = (noun: string, paths: Paths, fields: readonly Field[], deletes?: Partial<Action>): readonly Action[] => {
  const start = ({ spec: now }: Document): Values => Object.fromEntries(fields.map(({ name }) => [name, shown(now[name])]));
  return [
    { id: 'start', label: 'Start', path: paths.start, when: ['stopped', 'error'], command: (it) => `${noun} start ${it}` },
    { id: 'stop', label: 'Stop', path: paths.stop, when: ['available'], command: (it) => `${noun} stop ${it}` },
    { id: 'change', label: 'Change', path: paths.item, method: 'PATCH', isSingle: true, fields, start,
      command: (it, values, document) => changing(`${noun} change`, it, fields, values, start(document)) },
    { id: 'rotate', label: 'Rotate credentials', path: paths.rotate, when: ['available'], command: (it) => `${noun} rotate-credentials ${it}` },
    tagging(paths.item, noun),
    { id: 'delete', label: 'Delete', path: paths.item, method: 'DELETE', isDestructive: true, command: (it) => `${noun} delete ${it}`, ...deletes },
  ];
};

export const limits = [
  { name: 'memory_mb', label: 'Memory (MiB)', type: 'number', option: '--memory' },
  { name: 'cpus', label: 'Cores', type: 'number', option: '--cpus' },
] as const;
export const parameters = {
  name: 'parameters', label: 'Parameters', type: 'pairs', hint: 'One name=value a line; all of them.', option: '--parameter', emptied: {},
} as const;

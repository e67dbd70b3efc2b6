/** What databases, caches and queues share. */
import type { Path } from '@/api/types';
import { observed, spec, vpc, type Action, type Column } from './kind';

export const serverColumns: readonly Column[] = [
  { id: 'engine', label: 'Engine', of: (document) => `${document.spec.engine} ${document.spec.version}` },
  { id: 'memory', label: 'Memory (MiB)', of: spec('memory_mb') },
  vpc,
  { id: 'address', label: 'Address', of: observed('address') },
  { id: 'publish', label: 'Port of the host', of: spec('publish') },
];

type Paths = Record<'start' | 'stop' | 'rotate' | 'item', Path>;

export const serverActions = (noun: string, paths: Paths): readonly Action[] => [
  { id: 'start', label: 'Start', path: paths.start, when: ['stopped', 'error'], command: (it) => `${noun} start ${it}` },
  { id: 'stop', label: 'Stop', path: paths.stop, when: ['available'], command: (it) => `${noun} stop ${it}` },
  { id: 'rotate', label: 'Rotate credentials', path: paths.rotate, when: ['available'], command: (it) => `${noun} rotate-credentials ${it}` },
  { id: 'delete', label: 'Delete', path: paths.item, method: 'DELETE', isDestructive: true, command: (it) => `${noun} delete ${it}` },
];

import { bodyOf, changing, initial } from '@/lib/forms';
import { typed, type Body, type Document } from '@/api/types';
import { fieldsOf, inVpc, name, placed, publish, tags } from './fields';
import type { Action, Field, Kind, Values } from './types';
import {
  cpus,
  files,
  groups,
  isProtected,
  isProtectedFirst,
  limits,
  serverActions,
  serverColumns,
  storage,
  tls,
  version,
} from './server';

const named = { name: 'queue', label: 'Queue', isRequired: true } as const;
const declared: readonly Field[] = [
  named,
  ...fieldsOf('DeclareQueue', [
    { name: 'durable', option: '--durable/--transient' },
    { name: 'max_length', option: '--max-length' },
    { name: 'max_age_s', option: '--max-age' },
    { name: 'dead_letter', option: '--dead-letter' },
  ]),
];

type Limits = Body['QueueLimits'];
/** A queue inside a server; one that a client made has no limits. */
export type Inside = { name: string; limits: Limits | null };

/** Those that were declared, then those that are there besides. */
export function insideOf(document: Document, found: readonly string[]): Inside[] {
  const limits = typed('queue', document).spec.queues;
  const others = found
    .filter((each) => !(each in limits))
    .sort()
    .map((each) => ({ name: each, limits: null }));
  return [...Object.entries(limits).map(([each, wanted]) => ({ name: each, limits: wanted })), ...others];
}

const INSIDE = '/api/queues/{id_or_name}/queues/{queue}';
const valuesOf = (limits: Limits | null): Values =>
  Object.fromEntries(
    declared.slice(1).map((field) => [field.name, String(limits?.[field.name as keyof Limits] ?? '')]),
  );

export const declaring: Action = {
  id: 'declare',
  label: 'Declare a queue',
  path: INSIDE,
  method: 'PUT',
  isSingle: true,
  fields: declared,
  in: ({ queue = '' }) => ({ queue }),
  body: (values) => bodyOf(declared.slice(1), values),
  command: (it, values) =>
    changing('queue declare', it, declared, { ...values, queue: values.queue || 'QUEUE' }, initial(declared)),
};
export const redeclaring = ({ name: queue, limits }: Inside): Action => ({
  ...declaring,
  id: queue,
  label: 'Change',
  fields: declared.slice(1),
  start: () => valuesOf(limits),
  in: () => ({ queue }),
  command: (it, values) => changing('queue declare', it, declared, { ...values, queue }, initial(declared)),
});
export const removing = (queue: string): Action => ({
  id: queue,
  label: 'Remove',
  path: INSIDE,
  method: 'DELETE',
  isDestructive: true,
  in: () => ({ queue }),
  command: (it) => `queue remove ${it} ${queue}`,
});
export const purging = (queue: string): Action => ({
  id: queue,
  label: 'Purge',
  path: '/api/queues/{id_or_name}/purge',
  when: ['available'],
  isDestructive: true,
  body: () => ({ queue }),
  command: (it) => `queue purge ${it} ${queue}`,
});

export const queue: Kind = {
  slug: 'queues',
  kind: 'queue',
  prefix: 'queue',
  one: 'queue server',
  many: 'Queues',
  section: 'Data',
  about: 'A queue server is a RabbitMQ or a NATS of its own. Messages outlive its restarts.',
  list: '/api/queues',
  item: '/api/queues/{id_or_name}',
  metrics: '/api/queues/{id_or_name}/metrics',
  tabs: ['connection', 'queues', 'metrics', 'stats'],
  elsewhere: ['queues'],
  columns: [
    ...serverColumns,
    { id: 'queues', label: 'Declared queues', of: ({ spec: { queues } }) => Object.keys((queues ?? {}) as object) },
  ],
  create: {
    verb: 'Create',
    command: 'queue create',
    fields: fieldsOf('CreateQueue', [
      name,
      { name: 'engine', choices: ['rabbitmq', 'nats'], initial: 'rabbitmq', option: '--engine' },
      { name: 'username', option: '--username' },
      inVpc,
      publish,
      tags,
      version,
      { name: 'memory_mb', isMore: true, option: '--memory' },
      cpus,
      { name: 'namespace', isMore: true, option: '--namespace' },
      storage,
      files,
      ...placed,
      tls,
      isProtectedFirst,
    ]),
  },
  actions: [
    declaring,
    ...serverActions(
      'queue',
      {
        start: '/api/queues/{id_or_name}/start',
        stop: '/api/queues/{id_or_name}/stop',
        rotate: '/api/queues/{id_or_name}/rotate-credentials',
        item: '/api/queues/{id_or_name}',
      },
      fieldsOf('ChangeQueue', [...limits, groups, isProtected]),
    ),
  ],
};

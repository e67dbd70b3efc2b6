import { bodyOf, changing, initial } from '@/lib/forms';
import { fieldsOf, inVpc, name, publish, tags, type Field, type Kind } from './kind';
import { isProtected, limits, serverActions, serverColumns } from './server';

const named = { name: 'queue', label: 'Queue', isRequired: true } as const;
const declared: readonly Field[] = [
  named,
  ...fieldsOf('DeclareQueue', [
    { name: 'durable', label: 'On disk', type: 'switch', initial: 'true', hint: 'Decided once.', option: '--durable/--transient' },
    { name: 'max_length', label: 'At most so many messages', type: 'number', hint: 'Then the oldest goes.', option: '--max-length' },
    { name: 'max_age_s', label: 'At most so old (seconds)', type: 'number', option: '--max-age' },
    { name: 'dead_letter', label: 'Dead letters', hint: 'A declared queue for what is rejected, too old or too many; rabbitmq only.', option: '--dead-letter' },
  ]),
];

export const queue: Kind = {
  slug: 'queues', kind: 'queue', prefix: 'queue', one: 'queue server', many: 'Queues', section: 'Data',
  about: 'A queue server is a RabbitMQ or a NATS of its own. Messages outlive its restarts.',
  list: '/api/queues', item: '/api/queues/{id_or_name}', metrics: '/api/queues/{id_or_name}/metrics',
  tabs: ['connection', 'metrics'],
  columns: [
    ...serverColumns,
    { id: 'queues', label: 'Declared queues', of: ({ spec: { queues } }) => Object.keys((queues ?? {}) as object) },
  ],
  create: {
    verb: 'Create', command: 'queue create',
    fields: fieldsOf('CreateQueue', [
      { ...name('jobs') },
      { name: 'engine', label: 'Engine', choices: ['rabbitmq', 'nats'], initial: 'rabbitmq', isRequired: true, option: '--engine' },
      { name: 'username', label: 'Who clients sign in as', initial: 'app', option: '--username' },
      inVpc,
      publish,
      tags,
    ]),
  },
  actions: [
    {
      id: 'declare', label: 'Declare a queue', path: '/api/queues/{id_or_name}/queues/{queue}', method: 'PUT', isSingle: true,
      fields: declared, in: ({ queue = '' }) => ({ queue }), body: (values) => bodyOf(declared.slice(1), values),
      command: (it, values) => changing('queue declare', it, declared, values, initial(declared)),
    },
    {
      id: 'remove', label: 'Remove a queue', path: '/api/queues/{id_or_name}/queues/{queue}', method: 'DELETE', isSingle: true, isDestructive: true,
      fields: [named], in: ({ queue = '' }) => ({ queue }), body: () => undefined, command: (it, values) => `queue remove ${it} ${values.queue}`,
    },
    {
      id: 'purge', label: 'Purge a queue', path: '/api/queues/{id_or_name}/purge', when: ['available'], isDestructive: true,
      fields: fieldsOf('PurgeQueue', [named]),
      command: (it, values) => `queue purge ${it} ${values.queue}`,
    },
    ...serverActions('queue', {
      start: '/api/queues/{id_or_name}/start', stop: '/api/queues/{id_or_name}/stop',
      rotate: '/api/queues/{id_or_name}/rotate-credentials', item: '/api/queues/{id_or_name}',
    }, fieldsOf('ChangeQueue', [...limits, isProtected])),
  ],
};

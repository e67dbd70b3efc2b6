import { fieldsOf, inVpc, name, publish, tags, type Kind } from './kind';
import { serverActions, serverColumns } from './server';

export const queue: Kind = {
  slug: 'queues', kind: 'queue', one: 'queue server', many: 'Queues', section: 'Data',
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
      id: 'purge', label: 'Purge a queue', path: '/api/queues/{id_or_name}/purge', when: ['available'], isDestructive: true,
      fields: fieldsOf('PurgeQueue', [{ name: 'queue', label: 'Queue', isRequired: true }]),
      command: (it, values) => `queue purge ${it} ${values.queue}`,
    },
    ...serverActions('queue', {
      start: '/api/queues/{id_or_name}/start', stop: '/api/queues/{id_or_name}/stop',
      rotate: '/api/queues/{id_or_name}/rotate-credentials', item: '/api/queues/{id_or_name}',
    }),
  ],
};

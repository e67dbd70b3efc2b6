import { fieldsOf, inVpc, name, publish, tags, type Kind } from './kind';
import { cpus, files, isProtected, isProtectedFirst, limits, parameters, serverActions, serverColumns, storage, tls, version } from './server';

const EVICTIONS = ['noeviction', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'] as const;

export const cache: Kind = {
  slug: 'caches', kind: 'cache', prefix: 'cache', one: 'cache', many: 'Caches', section: 'Data',
  about: 'A cache is a Redis of its own with a password and a limit that holds.',
  list: '/api/caches', item: '/api/caches/{id_or_name}', metrics: '/api/caches/{id_or_name}/metrics',
  tabs: ['connection', 'metrics', 'stats'],
  columns: serverColumns,
  create: {
    verb: 'Create', command: 'cache create',
    fields: fieldsOf('CreateCache', [
      { ...name('sessions', true) },
      { name: 'memory_mb', label: 'Memory (MiB)', type: 'number', initial: '64', option: '--memory' },
      { name: 'eviction', label: 'What goes when it is full', initial: 'noeviction', option: '--eviction',
        choices: EVICTIONS },
      { name: 'persistence', label: 'What outlives its end', choices: ['none', 'aof', 'snapshots'], initial: 'none', option: '--persistence' },
      inVpc,
      publish,
      tags,
      version, cpus, storage, files, { ...parameters, isMore: true, emptied: undefined }, tls, isProtectedFirst,
    ]),
  },
  actions: [
    { id: 'flush', label: 'Flush', path: '/api/caches/{id_or_name}/flush', when: ['available'], isDestructive: true, command: (it) => `cache flush ${it}` },
    ...serverActions('cache', {
      start: '/api/caches/{id_or_name}/start', stop: '/api/caches/{id_or_name}/stop',
      rotate: '/api/caches/{id_or_name}/rotate-credentials', item: '/api/caches/{id_or_name}',
    }, fieldsOf('ChangeCache', [
      ...limits, { name: 'eviction', label: 'What goes when it is full', choices: EVICTIONS, option: '--eviction' }, parameters, isProtected,
    ])),
  ],
};

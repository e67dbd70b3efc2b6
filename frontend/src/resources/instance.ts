import { typed } from '@/api/types';
import { fieldsOf, inVpc, kept, name, observed, spec, tagging, tags, type, vpc } from './fields';
import { processFields } from './process';
import type { Kind } from './types';

export const instance: Kind = {
  slug: 'instances',
  kind: 'instance',
  prefix: 'i',
  one: 'instance',
  many: 'Instances',
  section: 'Compute',
  about: 'An instance runs one image in a container of its own, with a name, an address in its VPC and real limits.',
  list: '/api/instances',
  item: '/api/instances/{id_or_name}',
  metrics: '/api/instances/{id_or_name}/metrics',
  tabs: ['metrics', 'logs', 'program'],
  columns: [
    { id: 'image', label: 'Image', of: spec('image') },
    { id: 'type', label: 'Type', of: spec('type') },
    vpc,
    { id: 'address', label: 'Address', of: observed('address') },
    {
      id: 'ports',
      label: 'Ports',
      of: (document) =>
        typed('instance', document).spec.ports.map((each) =>
          each.publish ? `${each.publish} → ${each.port}` : each.port,
        ),
    },
    { id: 'restarts', label: 'Restarts', of: observed('restarts'), isHidden: true },
  ],
  create: {
    verb: 'Launch',
    command: 'instance launch',
    fields: fieldsOf('LaunchInstance', [
      name,
      { name: 'image', initial: 'miniaws/hello:local', option: '--image' },
      { name: 'type', ...type, option: '--type' },
      inVpc,
      {
        name: 'ports',
        type: 'ports',
        hint: 'HOST:PORT or PORT, one per line, such as 8081:8080.',
        option: '--publish',
      },
      { name: 'command', option: '--' },
      { name: 'env', option: '--env' },
      { name: 'user_data', type: 'document', isMore: true, option: '--user-data' },
      {
        name: 'volumes',
        option: '--volume',
        toOption: ({ volume, path }) => `${volume}:${path}`,
        row: [
          { name: 'volume', of: '/api/volumes' },
          { name: 'path', initial: '/data' },
        ],
      },
      { name: 'restart', option: '--restart' },
      ...processFields(''),
      tags,
    ]),
  },
  actions: [
    {
      id: 'start',
      label: 'Start',
      path: '/api/instances/{id_or_name}/start',
      when: ['stopped', 'error'],
      command: (it) => `instance start ${it}`,
    },
    {
      id: 'stop',
      label: 'Stop',
      path: '/api/instances/{id_or_name}/stop',
      when: ['running', 'starting', 'pending'],
      command: (it) => `instance stop ${it}`,
    },
    {
      id: 'reboot',
      label: 'Reboot',
      path: '/api/instances/{id_or_name}/reboot',
      when: ['running'],
      command: (it) => `instance reboot ${it}`,
    },
    {
      id: 'resize',
      label: 'Change type',
      path: '/api/instances/{id_or_name}',
      method: 'PATCH',
      fields: fieldsOf('ChangeInstance', [{ name: 'type', ...type, isRequired: true }]),
      start: ({ spec: { type } }) => ({ type: String(type) }),
      command: (it, { type }) => `instance resize ${it} --type ${type}`,
    },
    tagging('/api/instances/{id_or_name}', 'instance'),
    kept({
      id: 'terminate',
      label: 'Terminate',
      path: '/api/instances/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `instance terminate ${it}`,
    }),
  ],
};

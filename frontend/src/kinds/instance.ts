import { fieldsOf, inVpc, name, observed, spec, tagging, tags, vpc, type Kind } from './kind';

const TYPES = ['nano', 'micro', 'small', 'medium', 'large'] as const;

export const instance: Kind = {
  slug: 'instances', kind: 'instance', prefix: 'i', one: 'instance', many: 'Instances', section: 'Compute',
  about: 'An instance runs one image in a container of its own, with a name, an address in its VPC and real limits.',
  list: '/api/instances', item: '/api/instances/{id_or_name}', metrics: '/api/instances/{id_or_name}/metrics',
  tabs: ['metrics', 'logs', 'program'],
  columns: [
    { id: 'image', label: 'Image', of: spec('image') },
    { id: 'type', label: 'Type', of: spec('type') },
    vpc,
    { id: 'address', label: 'Address', of: observed('address') },
    { id: 'ports', label: 'Ports', of: ({ spec: { ports } }) =>
      (ports as { port: number; publish: number | null }[]).map((each) => (each.publish ? `${each.publish} → ${each.port}` : each.port)) },
    { id: 'restarts', label: 'Restarts', of: observed('restarts'), isHidden: true },
  ],
  create: {
    verb: 'Launch', command: 'instance launch',
    fields: fieldsOf('LaunchInstance', [
      { ...name('web-1', true) },
      { name: 'image', label: 'Image', isRequired: true, initial: 'miniaws/hello:local', option: '--image', hint: 'As the engine knows it, such as nginx:1.27.' },
      { name: 'type', label: 'Type', choices: TYPES, initial: 'micro', option: '--type' },
      inVpc,
      { name: 'ports', label: 'Ports', type: 'ports', hint: 'HOST:PORT or PORT, one a line, such as 8081:8080.', option: '--publish' },
      { name: 'command', label: 'Program and arguments', type: 'words', hint: 'Left out: that of the image.', option: '--' },
      { name: 'env', label: 'Environment', type: 'pairs', hint: 'One NAME=value a line. Values are kept secret.', option: '--env' },
      { name: 'user_data', label: 'User data', type: 'document', isMore: true, option: '--user-data',
        hint: 'Text of at most 16 KiB that its program finds in /var/lib/cloud/instance/user-data.txt. It is kept sealed and never shown.' },
      { name: 'volumes', label: 'Volumes', type: 'rows', option: '--volume', said: ({ volume, path }) => `${volume}:${path}`, row: [
        { name: 'volume', label: 'Volume', of: '/api/volumes', isRequired: true }, { name: 'path', label: 'Path', isRequired: true, initial: '/data' },
      ] },
      { name: 'restart', label: 'When its program ends', choices: ['always', 'on-failure', 'never'], initial: 'always', option: '--restart' },
      tags,
    ]),
  },
  actions: [
    { id: 'start', label: 'Start', path: '/api/instances/{id_or_name}/start', when: ['stopped', 'error'], command: (it) => `instance start ${it}` },
    { id: 'stop', label: 'Stop', path: '/api/instances/{id_or_name}/stop', when: ['running', 'starting', 'pending'], command: (it) => `instance stop ${it}` },
    { id: 'reboot', label: 'Reboot', path: '/api/instances/{id_or_name}/reboot', when: ['running'], command: (it) => `instance reboot ${it}` },
    {
      id: 'resize', label: 'Change type', path: '/api/instances/{id_or_name}', method: 'PATCH',
      fields: fieldsOf('ChangeInstance', [{ name: 'type', label: 'Type', choices: TYPES, isRequired: true }]),
      start: ({ spec: { type } }) => ({ type: String(type) }), command: (it, { type }) => `instance resize ${it} --type ${type}`,
    },
    tagging('/api/instances/{id_or_name}', 'instance'),
    { id: 'terminate', label: 'Terminate', path: '/api/instances/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `instance terminate ${it}` },
  ],
};

import { fieldsOf, inVpc, name, tags, vpc, type Kind } from './kind';

type Listener = { port: number; protocol: string };
type Target = { state: string };

export const loadBalancer: Kind = {
  slug: 'load-balancers', kind: 'load_balancer', one: 'load balancer', many: 'Load balancers', section: 'Network',
  about: 'A load balancer spreads requests over the instances that answer its health checks, and lets none be dropped.',
  list: '/api/load-balancers', item: '/api/load-balancers/{id_or_name}', metrics: '/api/load-balancers/{id_or_name}/metrics',
  tabs: ['targets', 'traffic'],
  columns: [
    { id: 'listeners', label: 'Listeners', of: ({ spec: { listeners } }) => (listeners as Listener[]).map((each) => `${each.protocol}:${each.port}`) },
    { id: 'healthy', label: 'Healthy targets', of: ({ observed: { targets } }) => {
      const all = (targets ?? []) as Target[];
      return `${all.filter((each) => each.state === 'healthy').length} of ${all.length}`;
    } },
    vpc,
  ],
  create: {
    verb: 'Create', command: 'lb create',
    fields: fieldsOf('CreateLoadBalancer', [
      { ...name('web') },
      { name: 'listeners.0.port', label: 'Port of the host', type: 'number', isRequired: true, option: '--listen' },
      inVpc,
      { name: 'algorithm', label: 'Algorithm', choices: ['round-robin', 'least-connections', 'source'], initial: 'round-robin', option: '--algorithm' },
      tags,
    ]),
  },
  actions: [
    {
      id: 'register', label: 'Register target', path: '/api/load-balancers/{id_or_name}/targets',
      fields: fieldsOf('RegisterTarget', [
        { name: 'instance', label: 'Instance', of: '/api/instances', isRequired: true },
        { name: 'port', label: 'Port of its program', type: 'number', isRequired: true, initial: '8080' },
      ]),
      command: (it, values) => `lb register ${it} ${values.instance} --port ${values.port}`,
    },
    { id: 'delete', label: 'Delete', path: '/api/load-balancers/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `lb delete ${it}` },
  ],
};

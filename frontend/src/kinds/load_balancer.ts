import { fieldsOf, inVpc, name, tagging, tags, vpc, type Kind } from './kind';
import { registering, type Target } from './target';

type Listener = { port: number; protocol: string };

export const loadBalancer: Kind = {
  slug: 'load-balancers', kind: 'load_balancer', prefix: 'lb', one: 'load balancer', many: 'Load balancers', section: 'Network',
  about: 'A load balancer spreads requests over the instances that answer its health checks, and lets none be dropped.',
  list: '/api/load-balancers', item: '/api/load-balancers/{id_or_name}', metrics: '/api/load-balancers/{id_or_name}/metrics',
  tabs: ['targets', 'routing', 'traffic'], elsewhere: ['listeners', 'certificates', 'target_groups', 'targets', 'selectors'],
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
      { name: 'listeners.0.port', label: 'Port of the host', type: 'number', isRequired: true, option: '--listen', hint: 'For HTTP. Others, rules and groups are added below Routing.' },
      inVpc,
      { name: 'algorithm', label: 'Algorithm', choices: ['round-robin', 'least-connections', 'source'], initial: 'round-robin', option: '--algorithm' },
      { name: 'sticky', label: 'A cookie brings clients back to the same target', type: 'switch', initial: 'false', option: '--sticky' },
      tags,
    ]),
  },
  actions: [
    registering,
    tagging('/api/load-balancers/{id_or_name}', 'lb'),
    { id: 'delete', label: 'Delete', path: '/api/load-balancers/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `lb delete ${it}` },
  ],
};

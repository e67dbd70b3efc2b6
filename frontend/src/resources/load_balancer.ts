import { typed } from '@/api/types';
import { fieldsOf, inVpc, name, observed, placed, securing, securityGroups, tagging, tags, vpc } from './fields';
import type { Kind } from './types';
import { registering } from './target';

export const loadBalancer: Kind = {
  slug: 'load-balancers',
  kind: 'load_balancer',
  prefix: 'lb',
  one: 'load balancer',
  many: 'Load balancers',
  section: 'Network',
  about: 'A load balancer spreads requests over the instances that answer its health checks, and lets none be dropped.',
  list: '/api/load-balancers',
  item: '/api/load-balancers/{id_or_name}',
  metrics: '/api/load-balancers/{id_or_name}/metrics',
  tabs: ['targets', 'routing', 'traffic'],
  elsewhere: ['listeners', 'certificates', 'target_groups', 'targets', 'selectors'],
  columns: [
    {
      id: 'listeners',
      label: 'Listeners',
      of: (document) => typed('load_balancer', document).spec.listeners.map((each) => `${each.protocol}:${each.port}`),
    },
    {
      id: 'healthy',
      label: 'Healthy targets',
      of: (document) => {
        const all = typed('load_balancer', document).observed.targets;
        return `${all.filter((each) => each.state === 'healthy').length} of ${all.length}`;
      },
    },
    vpc,
    { id: 'address', label: 'Address', of: observed('address') },
    securityGroups,
  ],
  create: {
    verb: 'Create',
    command: 'lb create',
    fields: fieldsOf('CreateLoadBalancer', [
      name,
      {
        name: 'listeners.0.port',
        isRequired: true,
        option: '--listen',
        hint: 'For HTTP. Add other listeners, rules and groups under Routing.',
      },
      inVpc,
      { name: 'algorithm', option: '--algorithm' },
      { name: 'sticky', option: '--sticky' },
      tags,
      ...placed,
    ]),
  },
  actions: [
    registering,
    securing('/api/load-balancers/{id_or_name}', 'lb', 'ChangeLoadBalancer'),
    tagging('/api/load-balancers/{id_or_name}', 'lb'),
    {
      id: 'delete',
      label: 'Delete',
      path: '/api/load-balancers/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `lb delete ${it}`,
    },
  ],
};

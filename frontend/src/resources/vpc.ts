import { fieldsOf, name, spec, tagging, tags } from './fields';
import type { Kind } from './types';

export const vpcKind: Kind = {
  slug: 'vpcs',
  kind: 'vpc',
  prefix: 'vpc',
  one: 'VPC',
  many: 'VPCs',
  section: 'Network',
  about: 'A VPC is a network of its own: what is in it finds each other by name, and nobody else reaches it.',
  list: '/api/vpcs',
  item: '/api/vpcs/{id_or_name}',
  tabs: ['inside'],
  columns: [{ id: 'cidr', label: 'Address range', of: spec('cidr') }],
  create: {
    verb: 'Create',
    command: 'vpc create',
    fields: fieldsOf('CreateVpc', [name, { name: 'cidr', option: '--cidr' }, tags]),
  },
  actions: [
    tagging('/api/vpcs/{id_or_name}', 'vpc'),
    {
      id: 'delete',
      label: 'Delete',
      path: '/api/vpcs/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `vpc delete ${it}`,
    },
  ],
};

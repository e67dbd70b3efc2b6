import { fieldsOf, name, observed, spec, tags, type Kind } from './kind';

export const scalingGroup: Kind = {
  slug: 'scaling-groups', kind: 'scaling_group', one: 'scaling group', many: 'Scaling groups', section: 'Compute',
  about: 'A scaling group keeps as many instances as its policies ask for, replaces those that fail, and says why.',
  list: '/api/scaling-groups', item: '/api/scaling-groups/{id_or_name}',
  tabs: ['decisions'],
  columns: [
    { id: 'service', label: 'In service', of: observed('in_service') },
    { id: 'desired', label: 'Desired', of: spec('desired') },
    { id: 'min', label: 'Min', of: spec('min') },
    { id: 'max', label: 'Max', of: spec('max') },
    { id: 'image', label: 'Image', of: ({ spec: { template } }) => (template as { image: string }).image },
    { id: 'policies', label: 'Policies', of: ({ spec: { policies } }) => Object.keys(policies as object) },
  ],
  create: {
    verb: 'Create', command: 'asg create',
    fields: fieldsOf('CreateScalingGroup', [
      { ...name('workers') },
      { name: 'template.image', label: 'Image', isRequired: true, initial: 'miniaws/hello:local', option: '--image' },
      { name: 'template.type', label: 'Type', choices: ['nano', 'micro', 'small', 'medium', 'large'], initial: 'micro', option: '--type' },
      { name: 'template.vpc', label: 'VPC', of: '/api/vpcs', initial: 'default', option: '--vpc' },
      { name: 'min', label: 'Never fewer than', type: 'number', initial: '1', option: '--min' },
      { name: 'desired', label: 'So many now', type: 'number', initial: '1', option: '--desired' },
      { name: 'max', label: 'Never more than', type: 'number', initial: '3', option: '--max' },
      tags,
    ]),
  },
  actions: [
    { id: 'suspend', label: 'Suspend', path: '/api/scaling-groups/{id_or_name}/suspend', command: (it) => `asg suspend ${it}`, fields: [] },
    { id: 'resume', label: 'Resume', path: '/api/scaling-groups/{id_or_name}/resume', command: (it) => `asg resume ${it}`, fields: [] },
    { id: 'refresh', label: 'Replace every instance', path: '/api/scaling-groups/{id_or_name}/refresh', isDestructive: true, command: (it) => `asg refresh ${it}`, fields: [] },
    { id: 'delete', label: 'Delete', path: '/api/scaling-groups/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `asg delete ${it}` },
  ],
};

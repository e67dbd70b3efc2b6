import { typed, type Body, type Document } from '@/api/types';
import { bodyOf } from '@/lib/forms';
import { quoted } from '@/lib/format';
import { fieldsOf, inVpc, name, tagging, tags, vpc } from './fields';
import type { Action, Field, Kind, Values } from './types';

const ITEM = '/api/security-groups/{id_or_name}';
export type Rule = Body['GroupRule'];
export const rulesOf = (document: Document) => typed('security_group', document).spec.rules;
const count = (direction: string) => (document: Document) =>
  rulesOf(document).filter((each) => each.direction === direction).length;

const hasPorts = ({ protocol }: Values) => protocol === 'tcp' || protocol === 'udp';
const fields: readonly Field[] = [
  {
    name: 'direction',
    label: 'Direction',
    choices: ['ingress', 'egress'],
    initial: 'ingress',
    isRequired: true,
    hint: 'Ingress is what comes in, egress what goes out.',
  },
  ...fieldsOf('SecurityRule', [
    { name: 'protocol', initial: 'tcp' },
    { name: 'from_port', isShown: hasPorts, isRequired: true },
    { name: 'to_port', isShown: hasPorts },
    { name: 'cidr' },
    { name: 'group' },
    { name: 'description' },
  ]),
];

/** A rule as `cloud sg` writes it: `tcp:5432=app,the shop`. */
function written(values: Values): string {
  const { protocol = '', from_port: first, to_port: last, cidr, group, description } = values;
  const ports = hasPorts(values) && first ? `:${first}${last ? `-${last}` : ''}` : '';
  return `${protocol}${ports}=${cidr || group || ''}${description ? `,${description}` : ''}`;
}

export const authorize: Action = {
  id: 'authorize',
  label: 'Add a rule',
  path: '/api/security-groups/{id_or_name}/rules',
  outcome: 'changed',
  isSingle: true,
  fields,
  body: (values) => {
    const { direction, ...rule } = bodyOf(fields, values) as Record<string, unknown>;
    return { [String(direction)]: [rule] };
  },
  command: (it, values) => ['sg', 'authorize', it, `--${values.direction}`, written(values)].map(quoted).join(' '),
};

export const revoke = (rule: Rule): Action => ({
  id: `revoke ${rule.id}`,
  label: 'Remove',
  path: '/api/security-groups/{id_or_name}/rules/{rule_id}',
  method: 'DELETE',
  isDestructive: true,
  outcome: 'changed',
  in: () => ({ rule_id: rule.id }),
  command: (it) => `sg revoke ${it} ${rule.id}`,
});

export const securityGroup: Kind = {
  slug: 'security-groups',
  kind: 'security_group',
  prefix: 'sg',
  one: 'security group',
  many: 'Security groups',
  section: 'Network',
  about: 'A security group says which connections its members accept and open. What no rule allows is dropped.',
  list: '/api/security-groups',
  item: ITEM,
  tabs: ['rules'],
  elsewhere: ['rules'],
  columns: [
    vpc,
    { id: 'ingress', label: 'Ingress rules', of: count('ingress') },
    { id: 'egress', label: 'Egress rules', of: count('egress') },
  ],
  create: {
    verb: 'Create',
    command: 'sg create',
    fields: fieldsOf('CreateSecurityGroup', [name, inVpc, tags]),
  },
  actions: [
    authorize,
    tagging(ITEM, 'sg'),
    {
      id: 'delete',
      label: 'Delete',
      path: ITEM,
      method: 'DELETE',
      isDestructive: true,
      fits: ({ observed: { is_default: isDefault } }) => isDefault !== true,
      command: (it) => `sg delete ${it}`,
    },
  ],
};

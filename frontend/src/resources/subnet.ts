import { changing } from '@/lib/forms';
import { fieldsOf, inVpc, name, spec, tagging, tags, vpc } from './fields';
import type { Document } from '@/api/types';
import type { Kind } from './types';

const ITEM = '/api/subnets/{id_or_name}';
const access = fieldsOf('ChangeSubnet', [
  { name: 'public', option: '--public/--no-public' },
  { name: 'internet', option: '--internet/--no-internet' },
]);
const now = ({ spec: { public: isPublic, internet } }: Document) => ({
  public: String(isPublic),
  internet: String(internet),
});

export const subnet: Kind = {
  slug: 'subnets',
  kind: 'subnet',
  prefix: 'subnet',
  one: 'subnet',
  many: 'Subnets',
  section: 'Network',
  about: 'A subnet is a part of the range of a VPC, from which its members get their addresses.',
  list: '/api/subnets',
  item: ITEM,
  columns: [
    vpc,
    { id: 'cidr', label: 'Address range', of: spec('cidr') },
    { id: 'public', label: 'Public', of: spec('public') },
    { id: 'internet', label: 'Internet', of: spec('internet') },
  ],
  create: {
    verb: 'Create',
    command: 'subnet create',
    fields: fieldsOf('CreateSubnet', [
      name,
      inVpc,
      { name: 'cidr', option: '--cidr' },
      { name: 'prefix', option: '--prefix', isMore: true },
      { name: 'public', option: '--public/--no-public' },
      { name: 'internet', option: '--internet/--no-internet' },
      tags,
    ]),
  },
  actions: [
    {
      id: 'change',
      label: 'Change',
      path: ITEM,
      method: 'PATCH',
      outcome: 'changed',
      fields: access,
      start: now,
      command: (it, values, document) => changing('subnet change', it, access, values, now(document)),
    },
    tagging(ITEM, 'subnet'),
    {
      id: 'delete',
      label: 'Delete',
      path: ITEM,
      method: 'DELETE',
      isDestructive: true,
      fits: ({ observed: { is_default: isDefault } }) => isDefault !== true,
      command: (it) => `subnet delete ${it}`,
    },
  ],
};

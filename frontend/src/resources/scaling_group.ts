import { typed, type Body, type Document } from '@/api/types';
import { changing, initial, textOf } from '@/lib/forms';
import { settled, type Outcome } from '@/lib/outcome';
import { fieldsOf, inVpc, name, observed, spec, tagging, tags, type } from './fields';
import { processFields } from './process';
import type { Kind, Stated, Values } from './types';

const refreshOf = (document: Document) => typed('scaling_group', document).observed.refresh;

export function refreshed(now: Document): Outcome {
  const { status = 'running', reason = null } = refreshOf(now) ?? {};
  if (status === 'running' || status === 'rolling-back')
    return { is: 'under way', description: `being refreshed: ${status}` };
  return {
    is: status === 'succeeded' ? 'done' : 'failed',
    description: reason ? `${status}: ${reason}` : `refreshed: ${status}`,
  };
}

export function sized(now: Document, asked: Document): Outcome {
  const [serving, desired] = [Number(now.observed.in_service), Number(now.spec.desired)];
  const whole = settled(now, asked);
  if (whole.is !== 'done' || serving === desired)
    return whole.is === 'done' ? { is: 'done', description: `at ${desired} instances` } : whole;
  return { is: 'under way', description: `at ${serving} of ${desired} instances in service` };
}

const balancer: readonly Stated[] = [
  { name: 'load_balancer', of: '/api/load-balancers' },
  { name: 'port', initial: '8080' },
  { name: 'target_group' },
  { name: 'weight' },
];
/** `web:8080`, `web:8080:api:3`. */
const behind = ({ load_balancer: it, port, target_group: group = '', weight = '' }: Values): string => {
  const isPlain = weight === '' || weight === '1';
  if (isPlain && (group === '' || group === 'default')) return `${it}:${port}`;
  return [it, port, group || 'default', ...(isPlain ? [] : [weight])].join(':');
};
const LOAD_BALANCERS = {
  name: 'load_balancers',
  option: '--load-balancer',
  toOption: behind,
  row: balancer,
} as const;

const UPDATE = fieldsOf('ChangeScalingGroup', [
  { name: 'min', option: '--min' },
  { name: 'desired', option: '--desired' },
  { name: 'max', option: '--max' },
  { name: 'template.image', option: '--image', hint: 'For new instances; see Replace every instance.' },
  { name: 'template.type', ...type, option: '--type' },
  { name: 'health_check', option: '--health-check' },
  { name: 'health_check_grace_s', option: '--grace' },
  { name: 'replace_percent', option: '--replace-percent' },
  { name: 'termination_policy', option: '--termination-policy' },
  { ...LOAD_BALANCERS, emptied: [] },
]);

const PROCESSES = fieldsOf('Processes', [{ name: 'processes', option: '--process' }]);
const REFRESH = fieldsOf('StartRefresh', [
  { name: 'template.image', option: '--image' },
  { name: 'template.type', ...type, option: '--type' },
  { name: 'roll_back', option: '--roll-back/--no-roll-back' },
]);
const KEEPING = fieldsOf('CreateScalingGroup', [
  { name: 'health_check', isMore: true, option: '--health-check' },
  { name: 'health_check_grace_s', isMore: true, option: '--grace' },
  { name: 'replace_percent', isMore: true, option: '--replace-percent' },
  { name: 'termination_policy', isMore: true, option: '--termination-policy' },
]);
const PROGRAM = fieldsOf('CreateScalingGroup', [
  { name: 'template.command', isMore: true, option: '--' },
  { name: 'template.env', isMore: true, option: '--env' },
  { name: 'template.tags', label: 'Tags of its instances', isMore: true, option: '--template-tag' },
  { name: 'template.restart', isMore: true, option: '--restart' },
  { name: 'template.subnet', isMore: true, option: '--subnet' },
  { name: 'template.security_groups', isMore: true, option: '--security-group' },
  ...processFields('template.'),
]);

type Before = Body['Attachment'];
const rowsNow = (balancers: readonly Before[]): string =>
  textOf(
    balancers.map(({ load_balancer: it, port, target_group: group, weight }) => ({
      load_balancer: it,
      port: String(port),
      target_group: group,
      weight: String(weight),
    })),
  );

const now = ({ spec: is }: Document): Values =>
  Object.fromEntries(
    UPDATE.map(({ name: field }) => {
      if (field === 'load_balancers') return [field, rowsNow(is.load_balancers as Before[])];
      const [head, inside] = field.split('.') as [string, string | undefined];
      const value = inside ? (is[head] as Record<string, unknown>)[inside] : is[head];
      return [field, String(value ?? '')];
    }),
  );

/** An option without a word takes all of them away. */
function updating(it: string, values: Values, document: Document): string {
  const before = now(document);
  const words = changing('asg update', it, UPDATE, values, before);
  return (values.load_balancers ?? '') === '' && before.load_balancers !== '' ? `${words} --load-balancer ''` : words;
}

export const scalingGroup: Kind = {
  slug: 'scaling-groups',
  kind: 'scaling_group',
  prefix: 'asg',
  one: 'scaling group',
  many: 'Scaling groups',
  section: 'Compute',
  about: 'A scaling group keeps as many instances as its policies ask for, replaces those that fail, and says why.',
  list: '/api/scaling-groups',
  item: '/api/scaling-groups/{id_or_name}',
  tabs: ['members', 'policies', 'decisions'],
  elsewhere: ['policies', 'instances'],
  columns: [
    { id: 'service', label: 'In service', of: observed('in_service') },
    { id: 'desired', label: 'Desired', of: spec('desired') },
    { id: 'min', label: 'Min', of: spec('min') },
    { id: 'max', label: 'Max', of: spec('max') },
    { id: 'image', label: 'Image', of: (document) => typed('scaling_group', document).spec.template.image },
    { id: 'policies', label: 'Policies', of: ({ spec: { policies } }) => Object.keys(policies as object) },
  ],
  create: {
    verb: 'Create',
    command: 'asg create',
    fields: [
      ...fieldsOf('CreateScalingGroup', [
        name,
        { name: 'template.image', initial: 'miniaws/hello:local', option: '--image' },
        { name: 'template.type', ...type, option: '--type' },
        { ...inVpc, name: 'template.vpc' },
        {
          name: 'template.ports',
          type: 'ports',
          hint: 'One per line, such as 8080. A load balancer sends requests to them.',
          option: '--port',
        },
        { name: 'min', option: '--min' },
        { name: 'desired', initial: '1', option: '--desired' },
        { name: 'max', initial: '3', isRequired: true, option: '--max' },
        LOAD_BALANCERS,
        tags,
      ]),
      ...PROGRAM,
      ...KEEPING,
    ],
  },
  actions: [
    {
      id: 'scale',
      label: 'Scale',
      path: '/api/scaling-groups/{id_or_name}',
      method: 'PATCH',
      outcome: 'sized',
      fields: fieldsOf('ChangeScalingGroup', [{ name: 'desired', isRequired: true, hint: 'Between min and max.' }]),
      start: ({ spec: { desired } }) => ({ desired: String(desired) }),
      command: (it, { desired }) => `asg scale ${it} ${desired}`,
    },
    {
      id: 'update',
      label: 'Change',
      path: '/api/scaling-groups/{id_or_name}',
      method: 'PATCH',
      isSingle: true,
      fields: UPDATE,
      start: now,
      outcome: 'sized',
      command: updating,
    },
    {
      id: 'suspend',
      label: 'Suspend',
      path: '/api/scaling-groups/{id_or_name}/suspend',
      fields: PROCESSES,
      command: (it, values) => changing('asg suspend', it, PROCESSES, values, {}),
      outcome: 'changed',
    },
    {
      id: 'resume',
      label: 'Resume',
      path: '/api/scaling-groups/{id_or_name}/resume',
      fields: PROCESSES,
      command: (it, values) => changing('asg resume', it, PROCESSES, values, {}),
      outcome: 'changed',
    },
    {
      id: 'refresh',
      label: 'Replace every instance',
      path: '/api/scaling-groups/{id_or_name}/refresh',
      isDestructive: true,
      fields: REFRESH,
      command: (it, values) => changing('asg refresh', it, REFRESH, values, initial(REFRESH)),
      outcome: 'refreshed',
    },
    {
      id: 'cancel',
      label: 'Stop replacing',
      path: '/api/scaling-groups/{id_or_name}/refresh',
      method: 'DELETE',
      outcome: 'changed',
      fits: (document) => refreshOf(document)?.status === 'running',
      command: (it) => `asg refresh ${it} --cancel`,
    },
    tagging('/api/scaling-groups/{id_or_name}', 'asg'),
    {
      id: 'delete',
      label: 'Delete',
      path: '/api/scaling-groups/{id_or_name}',
      method: 'DELETE',
      isDestructive: true,
      command: (it) => `asg delete ${it}`,
    },
  ],
};

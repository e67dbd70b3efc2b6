import type { Document } from '@/api/types';
import { changing, initial, textOf } from '@/lib/forms';
import { settled, type Outcome } from '@/lib/outcome';
import { fieldsOf, name, observed, spec, tagging, tags, type Field, type Kind, type Values } from './kind';

const TYPES = ['nano', 'micro', 'small', 'medium', 'large'] as const;
type Refresh = { status: string; reason: string | null } | null;
const refreshOf = ({ observed: { refresh } }: Document) => refresh as Refresh;

export function refreshed(now: Document): Outcome {
  const { status = 'running', reason = null } = refreshOf(now) ?? {};
  if (status === 'running' || status === 'rolling-back') return { is: 'under way', says: `being refreshed: ${status}` };
  return { is: status === 'succeeded' ? 'done' : 'failed', says: reason ? `${status}: ${reason}` : `refreshed: ${status}` };
}

export function sized(now: Document, asked: Document): Outcome {
  const [serving, desired] = [Number(now.observed.in_service), Number(now.spec.desired)];
  const whole = settled(now, asked);
  if (whole.is !== 'done' || serving === desired) return whole.is === 'done' ? { is: 'done', says: `at ${desired} instances` } : whole;
  return { is: 'under way', says: `at ${serving} of ${desired} instances in service` };
}

const balancer: readonly Field[] = [
  { name: 'load_balancer', label: 'Load balancer', of: '/api/load-balancers', isRequired: true },
  { name: 'port', label: 'Port of the program', type: 'number', isRequired: true, initial: '8080' },
  { name: 'target_group', label: 'Target group', initial: 'default' },
  { name: 'weight', label: 'Weight', type: 'number', initial: '1' },
];
/** `web:8080`, `web:8080:api:3`. */
const behind = ({ load_balancer: it, port, target_group: group = '', weight = '' }: Values): string => {
  const isPlain = weight === '' || weight === '1';
  if (isPlain && (group === '' || group === 'default')) return `${it}:${port}`;
  return [it, port, group || 'default', ...(isPlain ? [] : [weight])].join(':');
};
const BEFORE = { name: 'load_balancers', label: 'Load balancers before it', type: 'rows', option: '--load-balancer', said: behind, row: balancer } as const;

const UPDATE = fieldsOf('ChangeScalingGroup', [
  { name: 'min', label: 'Never fewer than', type: 'number', option: '--min' },
  { name: 'desired', label: 'So many now', type: 'number', option: '--desired' },
  { name: 'max', label: 'Never more than', type: 'number', option: '--max' },
  { name: 'template.image', label: 'Image', option: '--image', hint: 'Of what is launched from now on; see Replace every instance.' },
  { name: 'template.type', label: 'Type', choices: TYPES, option: '--type' },
  { name: 'health_check', label: 'Who says that an instance is healthy', choices: ['container', 'load-balancer'], option: '--health-check' },
  { name: 'health_check_grace_s', label: 'Seconds to become healthy', type: 'number', option: '--grace' },
  { name: 'replace_percent', label: 'At most so many percent replaced at once', type: 'number', option: '--replace-percent' },
  { name: 'termination_policy', label: 'Which one goes first', choices: ['oldest', 'newest', 'oldest-template'], option: '--termination-policy' },
  { ...BEFORE, emptied: [] },
]);

const PROCESSES = fieldsOf('Processes', [
  { name: 'processes', label: 'What', type: 'words', option: '--process', hint: 'Of launch, terminate, health, scaling and schedules, with blanks between. Left out: all of it.' },
]);
const REFRESH = fieldsOf('StartRefresh', [
  { name: 'template.image', label: 'Image', option: '--image', hint: 'Left out: as the template has it.' },
  { name: 'template.type', label: 'Type', choices: TYPES, option: '--type' },
  { name: 'roll_back', label: 'Go back when a new instance fails', type: 'switch', initial: 'true', option: '--roll-back/--no-roll-back' },
]);
const KEEPING = fieldsOf('CreateScalingGroup', [
  { name: 'health_check', label: 'Who says that an instance is healthy', choices: ['container', 'load-balancer'], initial: 'container', isMore: true, option: '--health-check' },
  { name: 'health_check_grace_s', label: 'Seconds to become healthy', type: 'number', initial: '60', isMore: true, option: '--grace' },
  { name: 'replace_percent', label: 'At most so many percent replaced at once', type: 'number', initial: '20', isMore: true, option: '--replace-percent' },
  { name: 'termination_policy', label: 'Which one goes first', choices: ['oldest', 'newest', 'oldest-template'], initial: 'oldest-template', isMore: true, option: '--termination-policy' },
]);
const PROGRAM = fieldsOf('CreateScalingGroup', [
  { name: 'template.command', label: 'Program and arguments', type: 'words', isMore: true, hint: 'Left out: that of the image.', option: '--' },
  { name: 'template.env', label: 'Environment', type: 'pairs', isMore: true, hint: 'One NAME=value a line. Values are kept secret.', option: '--env' },
  { name: 'template.tags', label: 'Tags of its instances', type: 'pairs', isMore: true, hint: 'One key=value a line.', option: '--template-tag' },
  { name: 'template.restart', label: 'When its program ends', choices: ['always', 'on-failure', 'never'], initial: 'always', isMore: true, option: '--restart' },
]);

type Before = { load_balancer: string; port: number; target_group: string; weight: number };
const rowsNow = (balancers: readonly Before[]): string =>
  textOf(balancers.map(({ load_balancer: it, port, target_group: group, weight }) => ({ load_balancer: it, port: String(port), target_group: group, weight: String(weight) })));

const now = ({ spec: is }: Document): Values => Object.fromEntries(UPDATE.map(({ name: field }) => {
  if (field === 'load_balancers') return [field, rowsNow(is.load_balancers as Before[])];
  const [head, inside] = field.split('.') as [string, string | undefined];
  const value = inside ? (is[head] as Record<string, unknown>)[inside] : is[head];
  return [field, String(value ?? '')];
}));

/** An option without a word takes all of them away. */
function updating(it: string, values: Values, document: Document): string {
  const before = now(document);
  const words = changing('asg update', it, UPDATE, values, before);
  return (values.load_balancers ?? '') === '' && before.load_balancers !== '' ? `${words} --load-balancer ''` : words;
}

export const scalingGroup: Kind = {
  slug: 'scaling-groups', kind: 'scaling_group', prefix: 'asg', one: 'scaling group', many: 'Scaling groups', section: 'Compute',
  about: 'A scaling group keeps as many instances as its policies ask for, replaces those that fail, and says why.',
  list: '/api/scaling-groups', item: '/api/scaling-groups/{id_or_name}',
  tabs: ['members', 'policies', 'decisions'], elsewhere: ['policies', 'instances'],
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
    fields: [...fieldsOf('CreateScalingGroup', [
      { ...name('workers') },
      { name: 'template.image', label: 'Image', isRequired: true, initial: 'miniaws/hello:local', option: '--image' },
      { name: 'template.type', label: 'Type', choices: TYPES, initial: 'micro', option: '--type' },
      { name: 'template.vpc', label: 'VPC', of: '/api/vpcs', initial: 'default', option: '--vpc' },
      { name: 'template.ports', label: 'Ports of the program', type: 'ports', hint: 'One a line, such as 8080. A load balancer leads to them.', option: '--port' },
      { name: 'min', label: 'Never fewer than', type: 'number', initial: '1', option: '--min' },
      { name: 'desired', label: 'So many now', type: 'number', initial: '1', option: '--desired' },
      { name: 'max', label: 'Never more than', type: 'number', initial: '3', isRequired: true, option: '--max' },
      BEFORE,
      tags,
    ]), ...PROGRAM, ...KEEPING],
  },
  actions: [
    { id: 'scale', label: 'Scale', path: '/api/scaling-groups/{id_or_name}', method: 'PATCH', outcome: 'sized',
      fields: fieldsOf('ChangeScalingGroup', [{ name: 'desired', label: 'So many instances', type: 'number', isRequired: true, hint: 'Between min and max.' }]),
      start: ({ spec: { desired } }) => ({ desired: String(desired) }), command: (it, { desired }) => `asg scale ${it} ${desired}` },
    { id: 'update', label: 'Change', path: '/api/scaling-groups/{id_or_name}', method: 'PATCH', isSingle: true, fields: UPDATE, start: now, outcome: 'sized',
      command: updating },
    { id: 'suspend', label: 'Suspend', path: '/api/scaling-groups/{id_or_name}/suspend', fields: PROCESSES, command: (it, values) => changing('asg suspend', it, PROCESSES, values, {}), outcome: 'changed' },
    { id: 'resume', label: 'Resume', path: '/api/scaling-groups/{id_or_name}/resume', fields: PROCESSES, command: (it, values) => changing('asg resume', it, PROCESSES, values, {}), outcome: 'changed' },
    { id: 'refresh', label: 'Replace every instance', path: '/api/scaling-groups/{id_or_name}/refresh', isDestructive: true, fields: REFRESH,
      command: (it, values) => changing('asg refresh', it, REFRESH, values, initial(REFRESH)), outcome: 'refreshed' },
    { id: 'cancel', label: 'Stop replacing', path: '/api/scaling-groups/{id_or_name}/refresh', method: 'DELETE', outcome: 'changed',
      fits: (document) => refreshOf(document)?.status === 'running', command: (it) => `asg refresh ${it} --cancel` },
    tagging('/api/scaling-groups/{id_or_name}', 'asg'),
    { id: 'delete', label: 'Delete', path: '/api/scaling-groups/{id_or_name}', method: 'DELETE', isDestructive: true, command: (it) => `asg delete ${it}` },
  ],
};

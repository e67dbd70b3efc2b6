/** Scaling policies: the form of each of the three types, and their descriptions. */
import { bodyOf, initial, optionsFor, rowsOf, textOf } from '@/lib/forms';
import { quoted } from '@/lib/format';
import { fieldsOf } from './fields';
import type { Action, Field, Values } from './types';

type Step = { from: number | null; to: number | null; change: number };
export type Policy = {
  type: string;
  metric?: string;
  target?: number;
  adjustment?: string;
  steps?: Step[];
  cron?: string;
  timezone?: string;
} & Record<string, unknown>;

const PATH = '/api/scaling-groups/{id_or_name}/policies/{name}';
const WORDS: Record<string, string> = { 'target-tracking': 'track', step: 'step', scheduled: 'schedule' };
const isPaced = ({ type }: Values) => type !== 'scheduled';
const is =
  (wanted: string) =>
  ({ type }: Values) =>
    type === wanted;
const bound = (text: string | undefined) => text ?? '';

const FIELDS: readonly Field[] = [
  {
    name: 'type',
    label: 'Type',
    choices: ['target-tracking', 'step', 'scheduled'],
    initial: 'target-tracking',
    isRequired: true,
  },
  ...fieldsOf('TargetTrackingPolicy', [
    {
      name: 'metric',
      choices: ['cpu', 'memory', 'requests'],
      initial: 'cpu',
      isRequired: false, // The command has a default.
      isShown: isPaced,
      option: '--metric',
    },
    { name: 'target', initial: '50', isShown: is('target-tracking'), option: '--target' },
    { name: 'scale_in', isShown: is('target-tracking'), option: '--scale-in/--no-scale-in' },
  ]),
  ...fieldsOf('StepPolicy', [
    { name: 'adjustment', isShown: is('step'), option: '--adjust' },
    {
      name: 'steps',
      isShown: is('step'),
      option: '--step',
      initial: textOf([
        { from: '', to: '30', change: '-1' },
        { from: '30', to: '60', change: '0' },
        { from: '60', to: '', change: '1' },
      ]),
      toOption: ({ from, to, change = '' }) =>
        `${bound(from)}:${bound(to)}:${/^[+-]/.test(change) ? change : `+${change}`}`,
      row: [{ name: 'from' }, { name: 'to' }, { name: 'change' }],
    },
  ]),
  ...fieldsOf('ScheduledPolicy', [
    { name: 'cron', initial: '0 8 * * 1-5', isShown: is('scheduled'), option: '--cron' },
    { name: 'timezone', isShown: is('scheduled'), option: '--timezone' },
    { name: 'min', isShown: is('scheduled'), option: '--min' },
    { name: 'desired', isShown: is('scheduled'), option: '--desired' },
    { name: 'max', isShown: is('scheduled'), option: '--max' },
  ]),
  ...fieldsOf('TargetTrackingPolicy', [
    { name: 'warmup_s', isShown: isPaced, option: '--warmup' },
    { name: 'cooldown_s', isShown: isPaced, option: '--cooldown' },
    { name: 'period_s', isShown: isPaced, option: '--period' },
    { name: 'periods_out', isShown: isPaced, option: '--periods-out' },
    { name: 'periods_in', isShown: isPaced, option: '--periods-in' },
  ]),
];

const text = (value: unknown): string => (value == null ? '' : String(value));

/** A policy as the form holds it. */
export function valuesOf(policy: Policy): Values {
  const steps = (policy.steps ?? []).map(({ from, to, change }) => ({
    from: text(from),
    to: text(to),
    change: text(change),
  }));
  const known = Object.fromEntries(
    FIELDS.filter(({ name }) => name in policy).map(({ name }) => [name, text(policy[name])]),
  );
  return { ...initial(FIELDS), ...known, ...(steps.length > 0 ? { steps: textOf(steps) } : {}) };
}

function command(it: string, name: string, values: Values): string {
  const words = optionsFor(
    FIELDS.filter((field) => field.name !== 'type'),
    values,
    initial(FIELDS),
  );
  return ['asg', 'policy', WORDS[values.type!]!, it, name || 'POLICY', ...words].map(quoted).join(' ');
}

const NAME: Field = { name: 'name', label: 'Name', isRequired: true, initial: '', hint: 'Such as keep-cpu.' };

export const addPolicy: Action = {
  id: 'new policy',
  label: 'Add a policy',
  path: PATH,
  method: 'PUT',
  fields: [NAME, ...FIELDS],
  in: ({ name = '' }) => ({ name }),
  outcome: 'changed',
  body: (values) => bodyOf(FIELDS, values),
  command: (it, values) => command(it, values.name ?? '', values),
};

export const editPolicy = (name: string, policy: Policy): Action => ({
  ...addPolicy,
  id: name,
  label: 'Edit',
  fields: FIELDS.filter((field) => field.name !== 'type'),
  start: () => valuesOf(policy),
  in: () => ({ name }),
  command: (it, values) => command(it, name, values),
});

export const removePolicy = (name: string): Action => ({
  id: name,
  label: 'Remove',
  path: PATH,
  method: 'DELETE',
  in: () => ({ name }),
  outcome: 'changed',
  command: (it) => `asg policy remove ${it} ${name}`,
});

/** What it does, on one line. */
export function description(policy: Policy): string {
  if (policy.type === 'target-tracking')
    return `${policy.metric} at ${policy.target}${policy.metric === 'requests' ? ' req/s' : ' %'}${policy.scale_in === false ? ', never in' : ''}`;
  if (policy.type === 'step') {
    const steps = rowsOf(valuesOf(policy).steps ?? '').map(
      ({ from, to, change }) => `${from || '…'}–${to || '…'}: ${Number(change) > 0 ? '+' : ''}${change}`,
    );
    return `${policy.metric} by ${policy.adjustment}: ${steps.join(', ')}`;
  }
  const sizes = ['min', 'desired', 'max']
    .filter((size) => policy[size] != null)
    .map((size) => `${size} ${policy[size]}`);
  return `${policy.cron} (${policy.timezone}): ${sizes.join(', ')}`;
}

/** Scaling policies: what is asked for each of the three types, and what of a policy is shown. */
import { bodyOf, initial, optionsFor, rowsOf, textOf } from '@/lib/forms';
import { quoted } from '@/lib/format';
import { type Action, type Field, type Values } from './kind';

type Step = { from: number | null; to: number | null; change: number };
export type Policy = { type: string; metric?: string; target?: number; adjustment?: string; steps?: Step[]; cron?: string; timezone?: string } & Record<string, unknown>;

const PATH = '/api/scaling-groups/{id_or_name}/policies/{name}';
const WORDS: Record<string, string> = { 'target-tracking': 'track', step: 'step', scheduled: 'schedule' };
const isPaced = ({ type }: Values) => type !== 'scheduled';
const is = (wanted: string) => ({ type }: Values) => type === wanted;
const bound = (text: string | undefined) => text ?? '';

const FIELDS: readonly Field[] = [
  { name: 'type', label: 'Type', choices: ['target-tracking', 'step', 'scheduled'], initial: 'target-tracking', isRequired: true },
  { name: 'metric', label: 'Metric', choices: ['cpu', 'memory', 'requests'], initial: 'cpu', isShown: isPaced, option: '--metric',
    hint: 'Averaged over the instances: percent of what the type grants, or requests a second.' },
  { name: 'target', label: 'Target', type: 'number', isRequired: true, initial: '50', isShown: is('target-tracking'), option: '--target', hint: 'The average is kept at it.' },
  { name: 'scale_in', label: 'May give instances up', type: 'switch', initial: 'true', isShown: is('target-tracking'), option: '--scale-in/--no-scale-in' },
  { name: 'adjustment', label: 'What a change counts', choices: ['instances', 'percent', 'exactly'], initial: 'instances', isShown: is('step'), option: '--adjust' },
  {
    name: 'steps', label: 'Steps', type: 'rows', isRequired: true, isShown: is('step'), option: '--step',
    initial: textOf([{ from: '', to: '30', change: '-1' }, { from: '30', to: '60', change: '0' }, { from: '60', to: '', change: '1' }]),
    hint: 'From (included) to (not included) of the metric; an empty bound is none. They touch without a gap.',
    said: ({ from, to, change = '' }) => `${bound(from)}:${bound(to)}:${/^[+-]/.test(change) ? change : `+${change}`}`,
    row: [
      { name: 'from', label: 'From', type: 'number' }, { name: 'to', label: 'To', type: 'number' },
      { name: 'change', label: 'Change', type: 'number', isRequired: true },
    ],
  },
  { name: 'cron', label: 'When', isRequired: true, initial: '0 8 * * 1-5', isShown: is('scheduled'), option: '--cron', hint: 'Five fields of cron, minute first.' },
  { name: 'timezone', label: 'Time zone', initial: 'UTC', isShown: is('scheduled'), option: '--timezone', hint: 'Such as Europe/Berlin.' },
  { name: 'min', label: 'Never fewer than', type: 'number', isShown: is('scheduled'), option: '--min' },
  { name: 'desired', label: 'So many then', type: 'number', isShown: is('scheduled'), option: '--desired' },
  { name: 'max', label: 'Never more than', type: 'number', isShown: is('scheduled'), option: '--max' },
  { name: 'warmup_s', label: 'Warm-up (seconds)', type: 'number', initial: '60', isShown: isPaced, option: '--warmup', hint: 'For so long a new instance is not measured.' },
  { name: 'cooldown_s', label: 'Cool-down (seconds)', type: 'number', initial: '300', isShown: isPaced, option: '--cooldown', hint: 'For so long after scaling none is given up.' },
  { name: 'period_s', label: 'Period (seconds)', type: 'number', initial: '60', isShown: isPaced, option: '--period', hint: 'Over so long is averaged.' },
  { name: 'periods_out', label: 'Periods before it grows', type: 'number', initial: '3', isShown: isPaced, option: '--periods-out' },
  { name: 'periods_in', label: 'Periods before it shrinks', type: 'number', initial: '15', isShown: isPaced, option: '--periods-in' },
];

const text = (value: unknown): string => (value == null ? '' : String(value));

/** A policy as the form holds it. */
export function valuesOf(policy: Policy): Values {
  const steps = (policy.steps ?? []).map(({ from, to, change }) => ({ from: text(from), to: text(to), change: text(change) }));
  const known = Object.fromEntries(FIELDS.filter(({ name }) => name in policy).map(({ name }) => [name, text(policy[name])]));
  return { ...initial(FIELDS), ...known, ...(steps.length > 0 ? { steps: textOf(steps) } : {}) };
}

function command(it: string, name: string, values: Values): string {
  const words = optionsFor(FIELDS.filter((field) => field.name !== 'type'), values, initial(FIELDS));
  return ['asg', 'policy', WORDS[values.type!]!, it, name || 'POLICY', ...words].map(quoted).join(' ');
}

const NAME: Field = { name: 'name', label: 'Name', isRequired: true, initial: '', hint: 'Such as keep-cpu.' };

export const addPolicy: Action = {
  id: 'new policy', label: 'Add a policy', path: PATH, method: 'PUT', fields: [NAME, ...FIELDS], in: ({ name = '' }) => ({ name }), outcome: 'changed',
  body: (values) => bodyOf(FIELDS, values), command: (it, values) => command(it, values.name ?? '', values),
};

export const editPolicy = (name: string, policy: Policy): Action => ({
  ...addPolicy, id: name, label: 'Edit', fields: FIELDS.filter((field) => field.name !== 'type'), start: () => valuesOf(policy), in: () => ({ name }),
  command: (it, values) => command(it, name, values),
});

export const removePolicy = (name: string): Action => ({
  id: name, label: 'Remove', path: PATH, method: 'DELETE', in: () => ({ name }), outcome: 'changed', command: (it) => `asg policy remove ${it} ${name}`,
});

/** What it does, on one line. */
export function says(policy: Policy): string {
  if (policy.type === 'target-tracking') return `${policy.metric} at ${policy.target}${policy.metric === 'requests' ? ' req/s' : ' %'}${policy.scale_in === false ? ', never in' : ''}`;
  if (policy.type === 'step') {
    const steps = rowsOf(valuesOf(policy).steps ?? '').map(({ from, to, change }) => `${from || '…'}–${to || '…'}: ${Number(change) > 0 ? '+' : ''}${change}`);
    return `${policy.metric} by ${policy.adjustment}: ${steps.join(', ')}`;
  }
  const sizes = ['min', 'desired', 'max'].filter((size) => policy[size] != null).map((size) => `${size} ${policy[size]}`);
  return `${policy.cron} (${policy.timezone}): ${sizes.join(', ')}`;
}

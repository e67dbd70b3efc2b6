/** Targets of a load balancer: instances, addresses, or all instances with certain tags. */
import { typed, type Body, type Document } from '@/api/types';
import { pairs } from '@/lib/forms';
import { quoted } from '@/lib/format';
import type { Outcome } from '@/lib/outcome';
import { fieldsOf } from './fields';
import type { Action, Field, Values } from './types';

export type Target = Body['Target'];
export type Selector = Body['Selector'];

const targetsOf = (document: Document) => typed('load_balancer', document).observed.targets;
const nameOf = ({ instance, address }: Target) => instance?.name ?? address ?? '';

/** What is new serves when its checks are good; nobody waits for what is not in service for another reason. */
export function serving(now: Document, asked: Document): Outcome {
  const fresh = targetsOf(asked).filter(({ state }) => state === 'unused' || state === 'initial');
  const found = targetsOf(now).filter(({ id }) => fresh.some((each) => each.id === id));
  const waiting = found.find(
    ({ id, state, reason }) =>
      state === 'initial' || (state === 'unused' && reason === fresh.find((each) => each.id === id)?.reason),
  );
  if (waiting)
    return { is: 'under way', description: `waiting for ${nameOf(waiting)}: ${waiting.reason ?? waiting.state}` };
  const bad = found.find(({ state }) => state === 'unhealthy');
  if (bad) return { is: 'failed', description: `not served by ${nameOf(bad)}: ${bad.reason ?? bad.state}` };
  return { is: 'done', description: found.length > 0 ? `served by ${found.map(nameOf).join(', ')}` : 'changed' };
}

export function drained(now: Document, asked: Document): Outcome {
  const leaving = targetsOf(asked).filter(({ is_leaving: leaves }) => leaves);
  const left = targetsOf(now).find(({ id, is_leaving: leaves }) => leaves && leaving.some((each) => each.id === id));
  return left
    ? { is: 'under way', description: `letting ${nameOf(left)} finish: ${left.reason ?? left.state}` }
    : { is: 'done', description: 'changed' };
}

const how =
  (wanted: string) =>
  ({ by }: Values) =>
    by === wanted;
const FIELDS: readonly Field[] = [
  { name: 'by', label: 'What', choices: ['instance', 'tags', 'address'], initial: 'instance', isRequired: true },
  ...fieldsOf('RegisterTarget', [
    { name: 'instance', of: '/api/instances', isRequired: true, isShown: how('instance') },
    { name: 'tags', isRequired: true, isShown: how('tags') },
    { name: 'address', isRequired: true, isShown: how('address') },
    { name: 'port', initial: '8080' },
    { name: 'weight' },
    { name: 'target_group' },
  ]),
];

type Registration = {
  port: number;
  weight: number;
  target_group: string;
  instance?: string;
  address?: string;
  tags?: Record<string, string>;
};

function registrationOf({ by, instance, tags = '', address, port, weight, target_group: group }: Values): Registration {
  const what = by === 'tags' ? { tags: pairs(tags) } : by === 'address' ? { address } : { instance };
  return { ...what, port: Number(port), weight: Number(weight || 1), target_group: group || 'default' };
}

function command(it: string, { instance, address, tags, port, weight, target_group: group }: Registration): string {
  const what = instance === undefined ? [] : [instance || 'INSTANCE'];
  const more = [
    ...(address === undefined ? [] : ['--address', address]),
    ...Object.entries(tags ?? {}).flatMap(([key, value]) => ['--tag', `${key}=${value}`]),
    '--port',
    String(port),
    ...(weight === 1 ? [] : ['--weight', String(weight)]),
    ...(group === 'default' ? [] : ['--group', group]),
  ];
  return ['lb', 'register', it, ...what, ...more].map(quoted).join(' ');
}

export const registering: Action = {
  id: 'register',
  label: 'Register target',
  path: '/api/load-balancers/{id_or_name}/targets',
  isSingle: true,
  fields: FIELDS,
  outcome: 'serving',
  body: registrationOf,
  command: (it, values) => command(it, registrationOf(values)),
};

/** Give a target, or all that tags select, another weight: it is registered again. */
export function weighing(target: Target | Selector): Action {
  const what =
    'tags' in target
      ? { tags: target.tags }
      : target.instance
        ? { instance: target.instance.name }
        : { address: target.address ?? '' };
  const registration = (values: Values): Registration => ({
    ...what,
    port: target.port,
    weight: Number(values.weight),
    target_group: target.target_group,
  });
  return {
    id: target.id,
    label: 'Weight',
    path: '/api/load-balancers/{id_or_name}/targets',
    body: registration,
    outcome: 'changed',
    fields: fieldsOf('RegisterTarget', [{ name: 'weight', isRequired: true }]),
    start: () => ({ weight: String(target.weight) }),
    command: (it, values) => command(it, registration(values)),
  };
}

export const deregistering = (target: Target | Selector): Action => ({
  id: target.id,
  label: 'Deregister',
  path: '/api/load-balancers/{id_or_name}/targets/{target}',
  method: 'DELETE',
  in: () => ({ target: target.id }),
  outcome: 'drained',
  command: (it) => `lb deregister ${it} ${target.id}`,
});

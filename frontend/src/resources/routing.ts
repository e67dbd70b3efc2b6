/** Routing of a load balancer: listeners with rules, and target groups with health checks. */
import { typed, type Body, type Document } from '@/api/types';
import { bodyOf, initial, optionsFor, rowsOf, textOf } from '@/lib/forms';
import { quoted } from '@/lib/format';
import { fieldsOf, name } from './fields';
import type { Action, Field, Values } from './types';

export type Rule = Body['Rule'];
export type Listener = Body['Listener'];
export type Check = Body['HealthCheck'];
export type Group = Body['TargetGroup'];

const ITEM = '/api/load-balancers/{id_or_name}';
export const listenersOf = (document: Document) => typed('load_balancer', document).spec.listeners;
export const groupsOf = (document: Document) => typed('load_balancer', document).spec.target_groups;
const namesOf = (document: Document) => groupsOf(document).map(({ name }) => name);
const certificatesOf = ({ spec }: Document) =>
  ((spec.certificates ?? []) as { name: string }[]).map(({ name }) => name);

const listenerFields = (document: Document): readonly Field[] =>
  fieldsOf('ListenOn', [
    { name: 'port' },
    { name: 'protocol', isRequired: true },
    {
      name: 'certificates',
      isRequired: true,
      isShown: ({ protocol }) => protocol === 'https',
      initial: certificatesOf(document)[0],
      hint: `Names of uploaded ones, the first answers who names no host. ${certificatesOf(document).length > 0 ? `There are: ${certificatesOf(document).join(', ')}.` : 'There is none yet: upload one below Routing.'}`,
    },
    { name: 'target_group', choices: namesOf(document), isRequired: true },
    {
      name: 'rules',
      isShown: ({ protocol }) => protocol !== 'tcp',
      row: [
        { name: 'host' },
        { name: 'path' },
        { name: 'target_group', choices: namesOf(document), initial: namesOf(document).at(-1) },
      ],
    },
  ]);

const listenerValues = ({ port, protocol, certificates, target_group: group, rules }: Listener): Values => ({
  port: String(port),
  protocol,
  certificates: certificates.join(' '),
  target_group: group,
  rules: textOf(
    rules.map((rule) => ({ host: rule.host ?? '', path: rule.path ?? '', target_group: rule.target_group })),
  ),
});

/** `cloud lb change` replaces all listeners. */
function listening(it: string, listeners: Values[]): string {
  const words = listeners.flatMap(
    ({ port = '', protocol = 'http', certificates = '', target_group: group, rules = '' }) => {
      const names = protocol === 'https' ? certificates.split(/\s+/).filter(Boolean) : [];
      const listen = [
        ...(protocol === 'http' && names.length === 0 && group === 'default' ? [] : [protocol]),
        port,
        ...names,
        ...(group === 'default' ? [] : [`=${group}`]),
      ];
      const ruled = (protocol === 'tcp' ? [] : rowsOf(rules)).flatMap(({ host, path, target_group: to }) => [
        '--rule',
        [port, ...(host ? [`host=${host}`] : []), ...(path ? [`path=${path}`] : []), `group=${to}`].join(','),
      ]);
      return ['--listen', listen.join(':'), ...ruled];
    },
  );
  return ['lb', 'change', it, ...words].map(quoted).join(' ');
}

/** Change a listener, or with none add one. */
export function listen(document: Document, listener?: Listener): Action {
  const fields = listenerFields(document);
  const all = listenersOf(document);
  const at = listener ? all.indexOf(listener) : all.length;
  return {
    id: listener ? String(listener.port) : 'new listener',
    label: listener ? 'Edit' : 'Add a listener',
    path: ITEM,
    method: 'PATCH',
    isGuarded: true,
    outcome: 'changed',
    fields,
    start: listener ? () => listenerValues(listener) : undefined,
    body: (values) => ({
      listeners: all.toSpliced(at, 1, {
        ...listener,
        rules: [],
        certificates: [],
        ...bodyOf(fields, values),
      } as Listener),
    }),
    command: (it, values) => listening(it, all.map(listenerValues).toSpliced(at, 1, values)),
  };
}

export const unlisten = (document: Document, listener: Listener): Action => {
  const left = listenersOf(document).filter((each) => each !== listener);
  return {
    id: String(listener.port),
    label: 'Remove',
    path: ITEM,
    method: 'PATCH',
    isGuarded: true,
    isDestructive: true,
    outcome: 'changed',
    body: () => ({ listeners: left }),
    command: (it) => listening(it, left.map(listenerValues)),
  };
};

const isHttp = (values: Values) => values['health_check.protocol'] === 'http';
const GROUP = fieldsOf('GroupOfTargets', [
  { name: 'algorithm', option: '--algorithm' },
  { name: 'sticky', option: '--sticky/--no-sticky' },
  { name: 'deregistration_delay_s', option: '--delay' },
]);
const CHECK = fieldsOf('GroupOfTargets', [
  { name: 'health_check.protocol', label: 'Health check' },
  { name: 'health_check.path', isShown: isHttp },
  { name: 'health_check.codes', isShown: isHttp },
  { name: 'health_check.interval_s' },
  { name: 'health_check.timeout_s' },
  { name: 'health_check.rise' },
  { name: 'health_check.fall' },
]);

function groupValues(group: Group): Values {
  const { algorithm, sticky, deregistration_delay_s: delay, health_check: check } = group;
  return {
    algorithm,
    sticky: String(sticky),
    deregistration_delay_s: String(delay),
    ...Object.fromEntries(Object.entries(check).map(([key, value]) => [`health_check.${key}`, String(value)])),
  };
}

/** `http:/health,interval=5,timeout=2,rise=2,fall=3,codes=200-399`. */
function checkWord(values: Values): string {
  const of = (name: string) => values[`health_check.${name}`] ?? '';
  const first = of('protocol') === 'http' ? `http:${of('path')}` : 'tcp';
  const codes = of('protocol') === 'http' ? [`codes=${of('codes').replaceAll(',', '/')}`] : [];
  return [
    first,
    ...['interval', 'timeout'].map((name) => `${name}=${of(`${name}_s`)}`),
    `rise=${of('rise')}`,
    `fall=${of('fall')}`,
    ...codes,
  ].join(',');
}

function groupCommand(it: string, name: string, values: Values, before: Values): string {
  const words = optionsFor(GROUP, values, before);
  const check = checkWord(values) === checkWord(before) ? [] : ['--check', checkWord(values)];
  const command = name === 'default' ? ['lb', 'change', it] : ['lb', 'group', 'put', it, name || 'GROUP'];
  return [...command, ...words, ...check].map(quoted).join(' ');
}

const others = (document: Document) => groupsOf(document).filter(({ name }) => name !== 'default');

/** Change a target group, or with none add one. What is said of `default` stands in the balancer itself. */
export function grouping(document: Document, group?: Group): Action {
  const fields = [...GROUP, ...CHECK];
  const before = group ? groupValues(group) : initial(fields);
  const body = (values: Values) => {
    const wanted = bodyOf(fields, values);
    if (group?.name === 'default') return wanted;
    const named = { ...group, name: group?.name ?? values.name, ...wanted } as Group;
    const all = others(document);
    return {
      target_groups: all.toSpliced(group ? all.findIndex(({ name }) => name === group.name) : all.length, 1, named),
    };
  };
  return {
    id: group?.name ?? 'new group',
    label: group ? 'Edit' : 'Add a target group',
    path: ITEM,
    method: 'PATCH',
    isGuarded: true,
    outcome: 'changed',
    body,
    fields: group ? fields : [...fieldsOf('GroupOfTargets', [name]), ...fields],
    start: group ? () => before : undefined,
    command: (it, values) => groupCommand(it, group?.name ?? values.name ?? '', values, before),
  };
}

export const ungroup = (document: Document, { name }: Group): Action => ({
  id: name,
  label: 'Remove',
  path: ITEM,
  method: 'PATCH',
  isGuarded: true,
  isDestructive: true,
  outcome: 'changed',
  body: () => ({ target_groups: others(document).filter((each) => each.name !== name) }),
  command: (it) => `lb group remove ${it} ${name}`,
});

/** Fields, columns and actions that several kinds share. */
import type { Body, Document, Path } from '@/api/types';
import { changing, edits, pairs } from '@/lib/forms';
import { quoted } from '@/lib/format';
import described from '@/api/fields.json';
import type { Action, Column, Field, Stated, Values } from './types';

type Model = Readonly<Record<string, Omit<Field, 'name' | 'type' | 'row'> & { type?: string; model?: string }>>;
const MODELS: Readonly<Record<string, Model>> = described;

/** How a text of several values is written. */
const NOTATION: Partial<Record<NonNullable<Field['type']>, string>> = {
  pairs: 'One key=value per line.',
  words: 'Separated by spaces.',
};

/** Find the model of a body that has a nested field: `backup.schedule` is `schedule` of `Backups`. */
function find(model: string, path: string): { model: string; name: string; isRequired: boolean } {
  const [head = '', ...rest] = path.split('.').filter((part) => !/^\d+$/.test(part));
  const { model: inside, isRequired = false } = MODELS[model]?.[head] ?? {};
  if (rest.length === 0 || inside === undefined) return { model, name: head, isRequired };
  const found = find(inside, rest.join('.'));
  return { ...found, isRequired: found.isRequired && isRequired };
}

/** Complete a field with what the API says of it. */
export function complete(body: string, field: Stated): Field {
  const { model, name, isRequired } = find(body, field.name);
  const { model: inside, type, example, ...api } = MODELS[model]?.[name] ?? { label: '' };
  const whole = { ...api, type: type as Field['type'], isRequired, example, ...field };
  const hasExample = example && !whole.of && !whole.initial;
  const parts = [api.hint, hasExample && `E.g. ${example}.`, whole.type && NOTATION[whole.type]];
  const hint = field.hint ?? parts.filter(Boolean).join(' ');
  return {
    ...whole,
    hint: hint || undefined,
    row: inside === undefined ? undefined : field.row?.map((each) => complete(inside, each)),
  };
}

/** The fields of a form, which the body must have. What a field leaves out is as the API describes it. */
export const fieldsOf = <Name extends keyof Body & string>(
  body: Name,
  fields: readonly Stated<(keyof Body[Name] & string) | `${keyof Body[Name] & string}.${string}`>[],
): readonly Field[] => fields.map((field) => complete(body, field));

/** Tags of one: all of them. Tags of many at once: these are set, the others stay. */
export const tagging = (path: Path, word: string): Action => {
  const wanted = (values: Values, { tags: now }: Document, isAlone: boolean) => ({
    ...(isAlone ? {} : now),
    ...pairs(values.tags ?? ''),
  });
  return {
    id: 'tags',
    label: 'Change tags',
    path,
    method: 'PATCH',
    isGuarded: true,
    outcome: 'changed',
    fields: fieldsOf('ChangeVpc', [
      {
        name: 'tags',
        isRequired: false, // Empty: all of them are removed.
        hint: 'One key=value per line. For several resources, these tags are set and their other tags stay.',
      },
    ]),
    start: ({ tags: now }) => ({
      tags: Object.entries(now)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    }),
    body: (values, document, isAlone) => ({ tags: wanted(values, document, isAlone) }),
    command: (it, values, document, isAlone) =>
      [word, 'tag', it, ...edits(document.tags, wanted(values, document, isAlone))].map(quoted).join(' '),
  };
};

/** A deletion of what is kept in the trash, unless it is to be purged at once. */
export const kept = (action: Action): Action => ({
  ...action,
  isKept: true,
  fields: [
    ...(action.fields ?? []),
    { name: 'purge', label: 'Remove it for good, past the trash', type: 'switch', initial: 'false' },
  ],
  body: () => undefined,
  query: (values) => ({ ...action.query?.(values), purge: values.purge === 'true' }),
  command: (it, values, document, isAlone) =>
    `${action.command(it, values, document, isAlone)}${values.purge === 'true' ? ' --purge' : ''}`,
});

export const spec = (name: string) => (document: Document) => document.spec[name];
export const observed = (name: string) => (document: Document) => document.observed[name];
export const vpc: Column = { id: 'vpc', label: 'VPC', of: spec('vpc') };
export const name = { name: 'name' } as const;
export const tags = { name: 'tags', option: '--tag' } as const;
export const inVpc = { name: 'vpc', of: '/api/vpcs', option: '--vpc' } as const;
/** Where in its VPC a resource is. */
export const placed = [
  { name: 'subnet', isMore: true, option: '--subnet' },
  { name: 'security_groups', isMore: true, option: '--security-group' },
] as const;
export const securityGroups: Column = {
  id: 'security_groups',
  label: 'Security groups',
  of: ({ spec: { security_groups: groups } }) => namesOf(groups),
  isHidden: true,
};
export const namesOf = (references: unknown): string[] =>
  (references as { name: string }[]).map((reference) => reference.name);

/** Make a resource a member of other security groups. */
export const securing = (
  path: Path,
  word: string,
  body: keyof Body & ('ChangeInstance' | 'ChangeLoadBalancer'),
): Action => {
  const fields = fieldsOf(body, [{ name: 'security_groups', isRequired: true, option: '--security-group' }]);
  const start = ({ spec: now }: Document): Values => ({ security_groups: namesOf(now.security_groups).join(' ') });
  return {
    id: 'secure',
    label: 'Change security groups',
    path,
    method: 'PATCH',
    isSingle: true,
    fields,
    start,
    outcome: 'changed',
    command: (it, values, document) => changing(`${word} change`, it, fields, values, start(document)),
  };
};
export const publish = { name: 'publish', option: '--publish' } as const;
/** The list of instance types has no pages. */
export const type = { of: '/api/instance-types', isWhole: true } as const;

/** The values of a form as the body for the API, and as the equivalent command. */
import type { Field, Kind, Values } from '@/resources/types';
import { quoted } from './format';

export const initial = (fields: readonly Field[]): Values =>
  Object.fromEntries(fields.map((field) => [field.name, field.initial ?? '']));

const lines = (text: string) =>
  text
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '');

export function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** What leads from tags to others, as `cloud … tag` takes it: `key=value` sets, `key-` takes away. */
export const edits = (before: Record<string, string>, after: Record<string, string>): string[] => [
  ...Object.entries(after)
    .filter(([key, value]) => before[key] !== value)
    .map(([key, value]) => `${key}=${value}`),
  ...Object.keys(before)
    .filter((key) => !(key in after))
    .map((key) => `${key}-`),
];

const ports = (text: string) =>
  lines(text).map((line) => {
    const [first, second] = line.split(':').map(Number);
    return second === undefined ? { port: first } : { port: second, publish: first };
  });

/** The words of a command line; quotes keep blanks together. */
export const words = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) => found[1] ?? found[2] ?? found[3] ?? '');

/** Rows stand in a text, as every value of a form does. */
export const rowsOf = (text: string): Values[] => (text === '' ? [] : (JSON.parse(text) as Values[]));
export const textOf = (rows: readonly Values[]): string => (rows.length === 0 ? '' : JSON.stringify(rows));

function valueOf(field: Field, text: string): unknown {
  if (field.type === 'number') return Number(text);
  if (field.type === 'switch') return text === 'true';
  if (field.type === 'pairs') return pairs(text);
  if (field.type === 'ports') return ports(text);
  if (field.type === 'words') return words(text);
  if (field.type === 'rows') return rowsOf(text).map((row) => bodyOf(field.row!, row));
  return text;
}

type Tree = Record<string, unknown>;

/** Put a value where a name such as `listeners.0.port` says; a part that is a number makes a list. */
function put(tree: Tree, path: string[], value: unknown): void {
  const [head, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  tree[head] ??= /^\d+$/.test(rest[0]!) ? [] : {};
  put(tree[head] as Tree, rest, value);
}

export const shownOf = (fields: readonly Field[], values: Values): readonly Field[] =>
  fields.filter(({ isShown }) => isShown === undefined || isShown(values));

/**
 * The body of a request. What was left empty is left out, so that the API's own default holds; with `start`, how it is
 * now, what was not changed is left out, too.
 */
export function bodyOf(fields: readonly Field[], values: Values, start?: Values): Tree {
  const body: Tree = {};
  for (const field of shownOf(fields, values)) {
    const given = values[field.name] ?? '';
    // A document is sent to the last blank.
    const text = field.type === 'document' ? given : given.trim();
    if (start !== undefined && text === (start[field.name] ?? '')) continue;
    if (text !== '') put(body, field.name.split('.'), valueOf(field, text));
    else if (start !== undefined && field.emptied !== undefined) put(body, field.name.split('.'), field.emptied);
  }
  return body;
}

/** The bounds of a number in words: `1 to 65535`. */
export function boundsOf({ minimum, maximum, above }: Field): string | undefined {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  const least = above === undefined ? minimum !== undefined && `at least ${minimum}` : `more than ${above}`;
  return [least, maximum !== undefined && `at most ${maximum}`].filter(Boolean).join(', ') || undefined;
}

const isWithin = ({ minimum = -Infinity, maximum = Infinity, above = -Infinity }: Field, value: number): boolean =>
  value >= minimum && value <= maximum && value > above;

/** What is wrong before anything is sent: by field, in the words of the API. What is in a row is `steps.0.from`. */
export function mistakes(fields: readonly Field[], values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of shownOf(fields, values)) {
    const text = (values[field.name] ?? '').trim();
    const wrong = mistake(field, text);
    if (wrong !== null) found[field.name] = wrong;
    if (field.type !== 'rows') continue;
    rowsOf(text).forEach((row, index) => {
      for (const [name, inside] of Object.entries(mistakes(field.row!, row)))
        found[`${field.name}.${index}.${name}`] = inside;
    });
  }
  return found;
}

function mistake(field: Field, text: string): string | null {
  if (text === '') return field.isRequired ? `${field.label} must be given` : null;
  if (field.name === 'name' && !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
    return `${field.label} must have 1 to 63 lower-case letters, digits and hyphens, and start with a letter`;
  if (field.type === 'number' && !/^[+-]?\d+(\.\d+)?$/.test(text)) return `${field.label} must be a number`;
  const bounds = boundsOf(field);
  if (field.type === 'number' && bounds !== undefined && !isWithin(field, Number(text)))
    return `${field.label} must be ${bounds}`;
  if (field.type === 'ports' && lines(text).some((line) => !/^\d{1,5}(:\d{1,5})?$/.test(line)))
    return `${field.label} must have lines of PORT or HOST:PORT`;
  if (field.type === 'pairs' && lines(text).some((line) => line.indexOf('=') < 1))
    return `${field.label} must have lines of key=value`;
  return null;
}

/**
 * The field that a problem is about. The API names `steps.from` without saying which step, and `health_check.path`
 * where a form has it below a group.
 */
export function fieldOf(fields: readonly Field[], named: string | null): Field | undefined {
  if (named === null) return undefined;
  const last = named.split('.').at(-1);
  return (
    fields.find(({ name }) => name === named) ??
    fields.find(({ name }) => named.startsWith(`${name}.`)) ??
    fields.find(({ name }) => name.split('.').at(-1) === last)
  );
}

function optionsOf(field: Field, text: string): string[] {
  const option = field.option;
  if (option === undefined) return [text];
  if (field.type === 'ports') return lines(text).flatMap((line) => [line.includes(':') ? '--publish' : '--port', line]);
  // A secret is no part of a command line, where everybody on the host could read it.
  if (option === '--env') return Object.keys(pairs(text)).flatMap((each) => [option, each]);
  if (field.type === 'rows') return rowsOf(text).flatMap((row) => [option, field.toOption!(row)]);
  if (field.type === 'document') return [option, '@FILE'];
  if (field.type === 'words') return words(text).flatMap((word) => [option, word]);
  if (field.type === 'pairs') return lines(text).flatMap((line) => [option, line]);
  // `--tls`, `--scale-in/--no-scale-in`
  const [on, off] = option.split('/');
  if (field.type === 'switch') return text === 'true' ? [on!] : off ? [off] : [];
  return [option, text];
}

/** The words that say what the fields hold where it differs from `before`: the defaults, or how it is now. */
export function optionsFor(fields: readonly Field[], values: Values, before: Values): string[] {
  return shownOf(fields, values)
    .filter(({ name, isRequired, option }) => {
      const text = (values[name] ?? '').trim();
      return option !== '--' && text !== '' && ((isRequired ?? false) || text !== (before[name] ?? ''));
    })
    .flatMap((field) => optionsOf(field, values[field.name]!.trim()));
}

/** What a form needs at least, with examples. */
export const exampleOf = (fields: readonly Field[]): Values => ({
  ...initial(fields),
  ...Object.fromEntries(
    fields
      .filter(({ name, isRequired, initial: given }) => (isRequired || name === 'name') && !given)
      .map(({ name, example, choices }) => [name, example ?? choices?.[0] ?? name.toUpperCase()]),
  ),
});

/** `cloud instance launch web-1 --image …`: the same, for a terminal. */
export function commandOf({ fields, command }: NonNullable<Kind['create']>, values: Values): string {
  const program = fields.find((field) => field.option === '--');
  const parts = [
    'cloud',
    ...command.split(' '),
    values.name || 'NAME',
    ...optionsFor(
      fields.filter(({ name }) => name !== 'name'),
      values,
      initial(fields),
    ),
    ...(program && values[program.name] ? ['--', ...words(values[program.name]!)] : []),
  ];
  return parts.map(quoted).join(' ');
}

/** A command that changes a resource by options: only what becomes other is said. */
export const changing = (
  command: string,
  it: string,
  fields: readonly Field[],
  values: Values,
  before: Values,
): string => [...command.split(' '), it, ...optionsFor(fields, values, before)].map(quoted).join(' ');

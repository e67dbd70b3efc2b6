/** What a form holds, as the body that the API takes and as the command that says the same. */
import type { Field, Kind } from '@/kinds/kind';
import { quoted } from './format';

export type Values = Record<string, string>;

export const initial = (fields: readonly Field[]): Values =>
  Object.fromEntries(fields.map((field) => [field.name, field.initial ?? '']));

const lines = (text: string) => text.split('\n').map((each) => each.trim()).filter((each) => each !== '');

function pairs(text: string): Record<string, string> {
  return Object.fromEntries(lines(text).map((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
  }));
}

const ports = (text: string) =>
  lines(text).map((line) => {
    const [first, second] = line.split(':').map(Number);
    return second === undefined ? { port: first } : { port: second, publish: first };
  });

/** The words of a command line; quotes keep blanks together. */
export const words = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) => found[1] ?? found[2] ?? found[3] ?? '');

function valueOf(field: Field, text: string): unknown {
  if (field.type === 'number') return Number(text);
  if (field.type === 'switch') return text === 'true';
  if (field.type === 'pairs') return pairs(text);
  if (field.type === 'ports') return ports(text);
  if (field.type === 'words') return words(text);
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

/** The body of a request. What was left empty is left out, so that the API's own default holds. */
export function bodyOf(fields: readonly Field[], values: Values): Tree {
  const body: Tree = {};
  for (const field of fields) {
    const text = (values[field.name] ?? '').trim();
    if (text !== '') put(body, field.name.split('.'), valueOf(field, text));
  }
  return body;
}

/** What is wrong before anything is sent: by field, in the words of the API. */
export function mistakes(fields: readonly Field[], values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of fields) {
    const text = (values[field.name] ?? '').trim();
    if (text === '' && field.isRequired) found[field.name] = `cannot go on without this: give ${field.label.toLowerCase()}`;
    else if (text === '') continue;
    else if (field.name === 'name' && !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
      found[field.name] = 'cannot use this as a name: use 1 to 63 lower-case letters, digits and hyphens that start with a letter';
    else if (field.type === 'number' && !/^-?\d+(\.\d+)?$/.test(text)) found[field.name] = 'cannot read this: give a number';
    else if (field.type === 'ports' && lines(text).some((line) => !/^\d{1,5}(:\d{1,5})?$/.test(line)))
      found[field.name] = 'cannot read a line: write PORT or HOST:PORT';
    else if (field.type === 'pairs' && lines(text).some((line) => line.indexOf('=') < 1))
      found[field.name] = 'cannot read a line: write key=value';
  }
  return found;
}

function optionsOf(field: Field, text: string): string[] {
  const option = field.option;
  if (option === undefined) return [text];
  if (field.type === 'ports')
    return lines(text).flatMap((line) => [line.includes(':') ? '--publish' : '--port', line]);
  // A secret is no part of a command line, where everybody on the host could read it.
  if (option === '--env') return Object.keys(pairs(text)).flatMap((each) => [option, each]);
  if (field.type === 'pairs') return lines(text).flatMap((line) => [option, line]);
  return [option, text];
}

/** `cloud instance launch web-1 --image …`: the same, for a terminal. */
export function commandOf(kind: Kind, values: Values): string {
  const given = kind.create.fields.filter(
    (field) => field.name !== 'name' && (values[field.name] ?? '') !== '' && field.option !== '--' &&
      (field.isRequired || values[field.name] !== field.initial),
  );
  const program = kind.create.fields.find((field) => field.option === '--');
  const parts = [
    'cloud', ...kind.create.command.split(' '), values.name || 'NAME',
    ...given.flatMap((field) => optionsOf(field, values[field.name]!.trim())),
    ...(program && values[program.name] ? ['--', ...words(values[program.name]!)] : []),
  ];
  return parts.map(quoted).join(' ');
}

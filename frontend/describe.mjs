/** Writes what the OpenAPI document says of the fields of request bodies: `openapi.json` to `src/api/fields.json`. */
import { readFileSync, writeFileSync } from 'node:fs';

const { paths, components } = JSON.parse(readFileSync('openapi.json', 'utf8'));
const MODEL = '#/components/schemas/';

/** Return the schema without null and references, with the name of the model that it refers to. */
function resolved(schema) {
  const [choice] = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  const whole = { ...choice, ...schema };
  const name = (whole.$ref ?? whole.items?.$ref)?.slice(MODEL.length);
  return { ...(whole.$ref ? components.schemas[name] : {}), ...whole, model: name };
}

/** Return a description as sentences: `the size; left out: no limit` is `The size. Default: no limit.` */
function hintOf({ description = '', items }) {
  const [words, otherwise = ''] = description.split(/(?:; |^)left out: /);
  return [
    words.replace(/^(id or name|one of GET \S+)(; |$)/, ''), // which a form lists
    items?.enum ? `any of ${items.enum.join(', ')}` : '',
    // A form shows what stays unchanged.
    otherwise === '' || otherwise.startsWith('unchanged') ? '' : `default: ${otherwise}`,
  ]
    .filter((part) => part !== '')
    .map((part) => `${part[0].toUpperCase()}${part.slice(1).replace(/\.$/, '')}.`)
    .join(' ')
    .replaceAll('`', '');
}

/** Return the first example as text; choices and a default say more than an example. */
function exampleOf({ examples: [example] = [], enum: choices, items, default: given }) {
  const hasMore = choices || items?.enum || (given && typeof given !== 'object');
  if (example == null || hasMore || (Array.isArray(example) && typeof example[0] === 'object')) return undefined;
  if (Array.isArray(example)) return example.join(' ');
  if (typeof example !== 'object') return String(example);
  return Object.entries(example)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

/** Return the type of a form's field; texts have none. */
function typeOf({ type, items, additionalProperties: values }) {
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'boolean') return 'switch';
  if (type === 'object' && values?.type === 'string') return 'pairs';
  if (type === 'array') return items.$ref ? 'rows' : 'words';
  return undefined;
}

function fieldOf(schema, isRequired) {
  const whole = resolved(schema);
  const { title, default: given, minimum, maximum, exclusiveMinimum } = whole;
  return {
    label: title,
    hint: hintOf(whole) || undefined,
    example: exampleOf(whole),
    type: typeOf(whole),
    choices: whole.type === 'string' ? whole.enum : undefined,
    initial: given == null || typeof given === 'object' || given === '' ? undefined : String(given),
    isRequired: isRequired || undefined,
    minimum,
    maximum,
    above: exclusiveMinimum,
    model: components.schemas[whole.model]?.properties ? whole.model : undefined,
  };
}

function collect(schema, found) {
  for (const [key, value] of Object.entries(schema ?? {})) {
    if (key === '$ref') add(value.slice(MODEL.length), found);
    else if (typeof value === 'object') collect(value, found);
  }
}

/** Add a model, and those to which its fields refer. */
function add(name, found) {
  const { properties, required = [] } = components.schemas[name];
  if (found[name] || !properties) return;
  found[name] = Object.fromEntries(
    Object.entries(properties).map(([field, schema]) => [field, fieldOf(schema, required.includes(field))]),
  );
  collect(properties, found);
}

const found = {};
for (const operations of Object.values(paths))
  for (const { requestBody } of Object.values(operations)) collect(requestBody, found);
writeFileSync('src/api/fields.json', `${JSON.stringify(found, undefined, 1)}\n`);

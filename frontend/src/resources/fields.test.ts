import { beforeAll, expect, test, vi } from 'vitest';
import type { Body, Document } from '@/api/types';
import { mistakes } from '@/lib/forms';
import { KINDS } from '.';
import { uploading } from './certificate';
import { backupPolicy, restoring, restoringBackup } from './database';
import { complete, fieldsOf } from './fields';
import { addPolicy } from './policy';
import { declaring } from './queue';
import { grouping, listen } from './routing';
import { taking } from './snapshot';
import { weighing } from './target';
import type { Action, Field, Stated } from './types';
import { schedule } from './volume';

type Call = { body: keyof Body; stated: Stated };
const calls = vi.hoisted((): Call[] => []);

// The forms are real; only what they state is noted.
vi.mock('./fields', async (original) => {
  const real = await original<typeof import('./fields')>();
  const noted = (body: keyof Body, fields: readonly Stated[]) => {
    calls.push(...fields.map((stated) => ({ body, stated })));
    return fields.map((field) => real.complete(body, field));
  };
  return { ...real, fieldsOf: noted };
});

const balancer = { id: 'x', spec: { listeners: [], target_groups: [] }, observed: {}, tags: {} } as unknown as Document;
const selector = { id: 'x', tags: {}, port: 80, weight: 1, target_group: 'default' };
let actions: Action[] = [];
beforeAll(() => {
  actions = [
    ...KINDS.flatMap((kind) => kind.actions),
    ...[uploading, addPolicy, declaring, taking, schedule, restoring(), restoringBackup('b-1')],
    ...[backupPolicy(balancer), listen(balancer), grouping(balancer), weighing(selector)],
  ];
});

/** What a form states again of a field that the API describes. */
function repeatedOf(field: Stated, said: Field): string[] {
  const again = (['label', 'hint', 'choices', 'initial', 'type', 'isRequired'] as const).filter(
    (key) => field[key] !== undefined && JSON.stringify(field[key]) === JSON.stringify(said[key]),
  );
  const inRows = (field.row ?? []).flatMap((each, index) => repeatedOf(each, said.row![index]!));
  return [...again.map((key) => `${field.name} ${key}`), ...inRows];
}

/** The field without what the form states of it. */
const named = ({ name, row }: Stated): Stated => ({ name, row: row?.map(named) });

const withRows = (fields: readonly Field[]): Field[] =>
  fields.flatMap((field) => [field, ...withRows(field.row ?? [])]);

test('every field of every form has a label', () => {
  const forms = [...KINDS.map(({ create }) => create?.fields), ...actions.map(({ fields }) => fields)];
  const all = withRows(forms.flatMap((fields) => fields ?? []));
  expect(all.length).toBeGreaterThan(100);
  expect(all.filter(({ label }) => !label).map(({ name }) => name)).toEqual([]);
});

test('no form repeats what the API says of a field', () => {
  const repeated = calls.flatMap(({ body, stated }) =>
    repeatedOf(stated, complete(body, named(stated))).map((each) => `${body} ${each}`),
  );
  expect(calls.length).toBeGreaterThan(100);
  expect([...new Set(repeated)]).toEqual([]);
});

test('a field is completed with what the API says of it, also below another field and in a row', () => {
  expect(fieldsOf('CreateCache', [{ name: 'eviction' }])[0]).toMatchObject({
    label: 'Eviction policy',
    isRequired: false,
  });
  expect(fieldsOf('CreateDatabase', [{ name: 'backup.retention_days' }])[0]).toMatchObject({
    type: 'number',
    initial: '7',
    minimum: 1,
  });
  const [ports] = fieldsOf('CreateLoadBalancer', [{ name: 'listeners', row: [{ name: 'port' }] }]);
  expect(ports?.row).toMatchObject([{ label: 'Host port', isRequired: true, maximum: 65535 }]);
  expect(fieldsOf('CreateVpc', [{ name: 'cidr', label: 'Range', hint: 'Ours.' }])[0]).toMatchObject({
    label: 'Range',
    hint: 'Ours.',
  });
});

test('a number outside its bounds is a mistake', () => {
  const fields = [
    ...fieldsOf('CreateCache', [{ name: 'publish' }, { name: 'storage_gb' }, { name: 'memory_mb' }]),
    ...fieldsOf('TargetTrackingPolicy', [{ name: 'target' }, { name: 'warmup_s' }]),
  ];
  const wrong = { publish: '65536', storage_gb: '0', memory_mb: '9999999', target: '0', warmup_s: '-1' };
  expect(mistakes(fields, wrong)).toEqual({
    publish: 'Host port must be 1 to 65535',
    storage_gb: 'Storage (GiB) must be 1 to 16384',
    memory_mb: 'Memory (MiB) must be at most 1048576',
    target: 'Target must be more than 0',
    warmup_s: 'Warm-up (s) must be at least 0',
  });
  expect(mistakes(fields, { publish: '65535', storage_gb: '1', target: '0.1' })).toEqual({});
});

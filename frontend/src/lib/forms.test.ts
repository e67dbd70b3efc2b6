import { expect, test } from 'vitest';
import { KINDS } from '@/resources';
import { instance } from '@/resources/instance';
import { loadBalancer } from '@/resources/load_balancer';
import { bodyOf, commandOf, edits, fieldOf, initial, mistakes, textOf } from './forms';

const create = instance.create!;
const { fields } = create;
const values = {
  ...initial(fields),
  name: 'web-1',
  ports: '8081:8080\n9000',
  env: 'TOKEN=a=b\nMODE=x',
  tags: 'tier=web',
  command: 'sh -c "echo hi"',
};

test('a form becomes the body that the API takes', () => {
  expect(bodyOf(fields, values)).toEqual({
    name: 'web-1',
    image: 'miniaws/hello:local',
    type: 'micro',
    vpc: 'default',
    subnet: 'default',
    restart: 'always',
    init: true,
    stop_grace_s: 10,
    ports: [{ port: 8080, publish: 8081 }, { port: 9000 }],
    env: { TOKEN: 'a=b', MODE: 'x' },
    tags: { tier: 'web' },
    command: ['sh', '-c', 'echo hi'],
  });
});

test('what is left empty is left out, and nested names make trees', () => {
  expect(bodyOf(loadBalancer.create!.fields, { name: 'web', 'listeners.0.port': '8081' })).toEqual({
    name: 'web',
    listeners: [{ port: 8081 }],
  });
});

test('a form becomes the command that says the same, without secrets', () => {
  expect(commandOf(create, values)).toBe(
    "cloud instance launch web-1 --image miniaws/hello:local --publish 8081:8080 --port 9000 --env TOKEN --env MODE --tag tier=web -- sh -c 'echo hi'",
  );
});

test('mistakes are shown before anything is sent', () => {
  expect(
    Object.keys(mistakes(fields, { ...values, name: 'BAD name', image: '', ports: 'x', tags: 'y' })).sort(),
  ).toEqual(['image', 'name', 'ports', 'tags']);
  expect(mistakes(fields, values)).toEqual({});
});

test('of a form about what there is, only what is changed is sent', () => {
  const form = [
    { name: 'class', label: 'Class' },
    { name: 'backup.days', label: 'Days', type: 'number' },
    { name: 'drills', label: 'Drills', emptied: '' },
  ] as const;
  const start = { class: 'small', 'backup.days': '7', drills: '0 4 * * *' };
  expect(bodyOf(form, { ...start, 'backup.days': '9' }, start)).toEqual({ backup: { days: 9 } });
  expect(bodyOf(form, { ...start, class: '', drills: '' }, start)).toEqual({ drills: '' });
});

test('rows become a list, and a mistake in one names the row', () => {
  const form = [
    {
      name: 'steps',
      label: 'Steps',
      type: 'rows',
      row: [
        { name: 'from', label: 'From', type: 'number' },
        { name: 'change', label: 'Change', type: 'number', isRequired: true },
      ],
    },
  ] as const;
  const given = {
    steps: textOf([
      { from: '60', change: '+1' },
      { from: 'x', change: '' },
    ]),
  };
  expect(
    bodyOf(form, {
      steps: textOf([
        { from: '', change: '-1' },
        { from: '60.5', change: '+2' },
      ]),
    }),
  ).toEqual({ steps: [{ change: -1 }, { from: 60.5, change: 2 }] });
  expect(Object.keys(mistakes(form, given))).toEqual(['steps.1.from', 'steps.1.change']);
});

test('what is not shown is neither sent nor wrong', () => {
  const form = [
    { name: 'type', label: 'Type' },
    {
      name: 'target',
      label: 'Target',
      type: 'number',
      isRequired: true,
      isShown: ({ type }: Record<string, string>) => type === 'a',
    },
  ] as const;
  expect(bodyOf(form, { type: 'b', target: '5' })).toEqual({ type: 'b' });
  expect(mistakes(form, { type: 'b', target: '' })).toEqual({});
  expect(Object.keys(mistakes(form, { type: 'a', target: '' }))).toEqual(['target']);
});

test('tags become what sets and takes away', () => {
  expect(edits({ env: 'test', old: '1', kept: '1' }, { env: 'live', kept: '1', more: '' })).toEqual([
    'env=live',
    'more=',
    'old-',
  ]);
});

test('a problem finds its field, also where the API does not name the row', () => {
  const form = [
    { name: 'steps', label: 'Steps', type: 'rows' },
    { name: 'path', label: 'Path' },
  ] as const;
  expect(fieldOf(form, 'steps.from')?.name).toBe('steps');
  expect(fieldOf(form, 'health_check.path')?.name).toBe('path');
  expect([fieldOf(form, 'nothing'), fieldOf(form, null)]).toEqual([undefined, undefined]);
});

test('every kind has a form whose first values are no mistake but for what must be given', () => {
  for (const { create, kind } of KINDS) {
    if (create === undefined) continue;
    const wrong = Object.keys(mistakes(create.fields, initial(create.fields)));
    expect(wrong, kind).toEqual(
      create.fields.filter((field) => field.isRequired && !field.initial).map(({ name }) => name),
    );
  }
});

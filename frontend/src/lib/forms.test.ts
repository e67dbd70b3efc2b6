import { expect, test } from 'vitest';
import { KINDS } from '@/kinds';
import { instance } from '@/kinds/instance';
import { loadBalancer } from '@/kinds/load_balancer';
import { bodyOf, commandOf, initial, mistakes } from './forms';

const { fields } = instance.create;
const values = {
  ...initial(fields), name: 'web-1', ports: '8081:8080\n9000', env: 'TOKEN=a=b\nMODE=x', tags: 'tier=web', command: 'sh -c "echo hi"',
};

test('a form becomes the body that the API takes', () => {
  expect(bodyOf(fields, values)).toEqual({
    name: 'web-1', image: 'miniaws/hello:local', type: 'micro', vpc: 'default', restart: 'always',
    ports: [{ port: 8080, publish: 8081 }, { port: 9000 }], env: { TOKEN: 'a=b', MODE: 'x' }, tags: { tier: 'web' },
    command: ['sh', '-c', 'echo hi'],
  });
});

test('what is left empty is left out, and nested names make trees', () => {
  expect(bodyOf(loadBalancer.create.fields, { name: 'web', 'listeners.0.port': '8081' })).toEqual({ name: 'web', listeners: [{ port: 8081 }] });
});

test('a form becomes the command that says the same, without secrets', () => {
  expect(commandOf(instance, values)).toBe(
    "cloud instance launch web-1 --image miniaws/hello:local --publish 8081:8080 --port 9000 --env TOKEN --env MODE --tag tier=web -- sh -c 'echo hi'",
  );
});

test('mistakes are told before anything is sent', () => {
  expect(Object.keys(mistakes(fields, { ...values, name: 'BAD name', image: '', ports: 'x', tags: 'y' })).sort()).toEqual(['image', 'name', 'ports', 'tags']);
  expect(mistakes(fields, values)).toEqual({});
});

test('every kind has a form whose first values are no mistake but for what must be given', () => {
  for (const { create, kind } of KINDS) {
    const wrong = Object.keys(mistakes(create.fields, initial(create.fields)));
    expect(wrong, kind).toEqual(create.fields.filter((field) => field.isRequired && !field.initial).map(({ name }) => name));
  }
});

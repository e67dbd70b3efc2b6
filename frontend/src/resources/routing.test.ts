import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { mistakes, textOf } from '@/lib/forms';
import { grouping, listen, ungroup, unlisten, type Group, type Listener } from './routing';

const check = {
  protocol: 'http',
  path: '/health',
  codes: '200-299,304',
  interval_s: 5,
  timeout_s: 2,
  rise: 2,
  fall: 3,
};
const group = (name: string): Group => ({
  name,
  algorithm: 'round-robin',
  sticky: false,
  health_check: check,
  deregistration_delay_s: 30,
  max_connections: 7,
});
const plain: Listener = {
  port: 8081,
  protocol: 'http',
  target_group: 'default',
  certificates: [],
  max_connections: 9,
  rules: [{ host: null, path: '/api/*', target_group: 'api' }],
};
const secure: Listener = {
  port: 8443,
  protocol: 'https',
  target_group: 'api',
  certificates: ['shop', 'more'],
  max_connections: null,
  rules: [],
};
const balancer = {
  name: 'web',
  spec: {
    listeners: [plain, secure],
    target_groups: [group('default'), group('api')],
    certificates: [{ name: 'shop' }],
  },
} as unknown as Document;

test('a listener that is edited and left as it is stays as it is, and so do the others', () => {
  for (const each of [plain, secure]) {
    const action = listen(balancer, each);
    const values = action.start!(balancer);
    expect(mistakes(action.fields!, values)).toEqual({});
    const { listeners } = action.body!(values, balancer, true) as { listeners: Listener[] };
    expect(
      listeners.map(({ rules, ...rest }) => ({
        ...rest,
        rules: rules.map((rule) => ({ host: null, path: null, ...rule })),
      })),
    ).toEqual([plain, secure]);
  }
});

test('the command says every listener with its rules', () => {
  const said = listen(balancer).command(
    'web',
    {
      port: '8090',
      protocol: 'tcp',
      target_group: 'api',
      rules: textOf([{ host: 'x', path: '', target_group: 'api' }]),
    },
    balancer,
    true,
  );
  expect(said).toBe(
    "lb change web --listen 8081 --rule '8081,path=/api/*,group=api' --listen https:8443:shop:more:=api --listen tcp:8090:=api",
  );
  expect(unlisten(balancer, secure).command('web', {}, balancer, true)).toBe(
    "lb change web --listen 8081 --rule '8081,path=/api/*,group=api'",
  );
});

test('a rule that is taken away is gone', () => {
  const action = listen(balancer, plain);
  const { listeners } = action.body!({ ...action.start!(balancer), rules: '' }, balancer, true) as {
    listeners: Listener[];
  };
  expect(listeners[0]!.rules).toEqual([]);
});

test('what is said of the default group stands in the balancer, of another one among the groups', () => {
  const mine = grouping(balancer, group('default'));
  const values = { ...mine.start!(balancer), 'health_check.path': '/ok' };
  expect(mine.body!(values, balancer, true)).toMatchObject({ health_check: { ...check, path: '/ok' }, sticky: false });
  expect(mine.command('web', values, balancer, true)).toBe(
    'lb change web --check http:/ok,interval=5,timeout=2,rise=2,fall=3,codes=200-299/304',
  );
  const other = grouping(balancer, group('api'));
  expect(other.body!({ ...values, sticky: 'true' }, balancer, true)).toMatchObject({
    target_groups: [{ name: 'api', sticky: true, max_connections: 7 }],
  });
  expect(other.command('web', { ...other.start!(balancer), sticky: 'true' }, balancer, true)).toBe(
    'lb group put web api --sticky',
  );
});

test('a group is added to those there are, and taken away from them', () => {
  const added = grouping(balancer).body!(
    { ...grouping(balancer, group('api')).start!(balancer), name: 'new' },
    balancer,
    true,
  ) as { target_groups: Group[] };
  expect(added.target_groups.map(({ name }) => name)).toEqual(['api', 'new']);
  expect(ungroup(balancer, group('api')).body!({}, balancer, true)).toEqual({ target_groups: [] });
});

import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { OUTCOMES } from './outcomes';
import { deregistering, registering, weighing, type Target } from './target';

const target = (more: Partial<Target>): Target => ({
  id: 't-1',
  state: 'unused',
  reason: 'not in service yet',
  since: null,
  serves_at: null,
  target_group: 'default',
  selector: null,
  instance: { id: 'i-1', name: 'web-1' },
  address: null,
  port: 8080,
  weight: 1,
  is_leaving: false,
  ...more,
});
const balancer = (...targets: Target[]) =>
  ({ name: 'web', status: 'available', observed: { targets } }) as unknown as Document;
const asked = balancer(target({}), target({ id: 't-2', state: 'healthy' }));

test('a target is registered when its checks succeed, and reported when they fail', () => {
  const is = (more: Partial<Target>) => OUTCOMES[registering.outcome!](balancer(target(more)), asked);
  expect(is({}).is).toBe('under way');
  expect(is({ state: 'initial', reason: 'first check' })).toEqual({
    is: 'under way',
    description: 'waiting for web-1: first check',
  });
  expect(is({ state: 'healthy', reason: null })).toEqual({ is: 'done', description: 'served by web-1' });
  expect(is({ state: 'unhealthy', reason: 'status 500' })).toEqual({
    is: 'failed',
    description: 'not served by web-1: status 500',
  });
  expect(is({ state: 'unused', reason: 'the instance is stopped' }).is).toBe('done');
});

test('a target is gone when it has finished its requests', () => {
  const leaving = balancer(target({ state: 'draining', is_leaving: true }));
  const outcome = OUTCOMES[deregistering(target({})).outcome!];
  expect(outcome(leaving, leaving).is).toBe('under way');
  expect(outcome(balancer(), leaving).is).toBe('done');
});

test('instances, tags and addresses have the command that says the same', () => {
  const said = (values: Record<string, string>) =>
    registering.command('web', { port: '80', weight: '1', target_group: 'default', ...values }, asked, true);
  expect(said({ by: 'instance', instance: 'web-1', weight: '3' })).toBe('lb register web web-1 --port 80 --weight 3');
  expect(said({ by: 'tags', tags: 'role=web', target_group: 'api' })).toBe(
    'lb register web --tag role=web --port 80 --group api',
  );
  expect(said({ by: 'address', address: '10.0.0.9' })).toBe('lb register web --address 10.0.0.9 --port 80');
});

test('another weight keeps the rest', () => {
  expect(weighing(target({ target_group: 'api' })).body!({ weight: '5' }, asked, true)).toEqual({
    instance: 'web-1',
    port: 8080,
    weight: 5,
    target_group: 'api',
  });
});

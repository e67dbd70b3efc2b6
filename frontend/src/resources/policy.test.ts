import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { mistakes } from '@/lib/forms';
import { addPolicy, description, editPolicy, valuesOf, type Policy } from './policy';

const group = { name: 'web' } as Document;
const pace = { warmup_s: 60, cooldown_s: 300, period_s: 60, periods_out: 3, periods_in: 15 };
const STEPS: Policy = {
  type: 'step',
  metric: 'cpu',
  adjustment: 'instances',
  ...pace,
  steps: [
    { from: null, to: 30.5, change: -1 },
    { from: 30.5, to: null, change: 2 },
  ],
};
const TRACK: Policy = { type: 'target-tracking', metric: 'requests', target: 20, scale_in: false, ...pace };
const CLOCK: Policy = {
  type: 'scheduled',
  cron: '0 8 * * 1-5',
  timezone: 'Europe/Berlin',
  min: 2,
  desired: null,
  max: null,
};

test('a policy that is edited and left as it is stays as it is', () => {
  for (const policy of [STEPS, TRACK, CLOCK]) {
    const values = valuesOf(policy);
    const action = editPolicy('keep', policy);
    expect(mistakes(action.fields!, values)).toEqual({});
    const given = Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== null));
    const steps = policy.steps?.map((step) =>
      Object.fromEntries(Object.entries(step).filter(([, value]) => value !== null)),
    );
    expect(action.body!(values, group, true)).toEqual({ ...given, ...(steps ? { steps } : {}) });
  }
});

test('each type has the command that says the same', () => {
  const said = (policy: Policy) => editPolicy('keep', policy).command('web', valuesOf(policy), group, true);
  expect(said(STEPS)).toBe('asg policy step web keep --step :30.5:-1 --step 30.5::+2');
  expect(said(TRACK)).toBe('asg policy track web keep --metric requests --target 20 --no-scale-in');
  expect(said(CLOCK)).toBe("asg policy schedule web keep --cron '0 8 * * 1-5' --timezone Europe/Berlin --min 2");
});

test('a new one asks for its name first', () => {
  expect(Object.keys(mistakes(addPolicy.fields!, { ...valuesOf(TRACK), name: '' }))).toEqual(['name']);
  expect(addPolicy.in!({ name: 'keep' })).toEqual({ name: 'keep' });
});

test('a policy is summed up on one line', () => {
  expect([STEPS, TRACK, CLOCK].map(description)).toEqual([
    'cpu by instances: …–30.5: -1, 30.5–…: +2',
    'requests at 20 req/s, never in',
    '0 8 * * 1-5 (Europe/Berlin): min 2',
  ]);
});

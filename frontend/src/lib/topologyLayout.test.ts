import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { lines, place } from './topologyLayout';

const made = (kind: string, id: string, second: number, more: Partial<Document> = {}): Document => ({
  id,
  kind,
  name: id,
  status: 'running',
  status_reason: null,
  account_id: 'main',
  tags: {},
  version: 1,
  position: 1,
  created_at: `2026-01-01T00:00:${String(second).padStart(2, '0')}`,
  updated_at: '',
  created_by: '',
  spec: kind === 'vpc' ? {} : { vpc: { id: 'v' } },
  observed: {},
  ...more,
});
const all = [
  made('vpc', 'v', 0),
  ...Array.from({ length: 20 }, (_, index) => made('instance', `i${index}`, index + 1)),
  made('load_balancer', 'b', 30),
  made('database', 'd', 31),
];

test('nothing overlaps anything else, and everything is inside its VPC', () => {
  const boxes = place(all);
  const inside = all.slice(1).map(({ id }) => boxes.get(id)!);
  const area = boxes.get('v')!;
  for (const [index, a] of inside.entries()) {
    expect(a.x + a.width).toBeLessThanOrEqual(area.width);
    expect(a.y + a.height).toBeLessThanOrEqual(area.height);
    for (const b of inside.slice(index + 1))
      expect(Math.abs(a.x - b.x) >= a.width || Math.abs(a.y - b.y) >= a.height).toBe(true);
  }
});

test('what comes later moves nothing that was there', () => {
  const before = place(all);
  const after = place([...all, made('instance', 'later', 50)]);
  for (const { id } of all.filter(({ kind }) => kind === 'instance')) expect(after.get(id)).toEqual(before.get(id));
});

test('a balancer leads to its targets', () => {
  const balancer = made('load_balancer', 'b', 1, {
    observed: {
      targets: [
        { instance: { id: 'i1' }, state: 'unhealthy', port: 80 },
        { instance: null, state: 'healthy', port: 80 },
      ],
    },
  });
  expect(lines([balancer])).toEqual([{ id: 'b-i1-80', from: 'b', to: 'i1', label: '80', isHealthy: false }]);
});

import { expect, test } from 'vitest';
import type { Columns, Point, Stats } from '@/api/types';
import { joined, stored } from './points';

const columns = (...values: (number | null)[]): Columns => ({
  cpu_percent: values,
  cpu_cores: values,
  memory_percent: values,
  memory_bytes: values,
  network_rx_bytes_per_s: values,
  network_tx_bytes_per_s: values,
  block_read_bytes_per_s: values,
  block_write_bytes_per_s: values,
});
const stats: Pick<Stats, 'times' | 'host' | 'resources'> = {
  times: [0, 5, 10],
  host: columns(1, null, 3),
  resources: [{ id: 'i-1', kind: 'instance', name: 'web-1', ...columns(null, null, 7) }],
};
const live = (second: number): Point => ({
  at: new Date(second * 1000).toISOString(),
  host: {
    cpu_percent: 9,
    cpu_cores: 9,
    memory_percent: 9,
    memory_bytes: 9,
    network_rx_bytes_per_s: 9,
    network_tx_bytes_per_s: 9,
    block_read_bytes_per_s: 9,
    block_write_bytes_per_s: 9,
  },
  resources: {},
});
const cpu = (points: Point[]) => points.map(({ at, host }) => [Date.parse(at) / 1000, host?.cpu_percent]);

test('what the store has becomes points, without steps in which nothing was measured', () => {
  expect(cpu(stored(stats))).toEqual([
    [0, 1],
    [10, 3],
  ]);
  expect(stored(stats)[1]!.resources['i-1']).toMatchObject({
    name: 'web-1',
    cpu_percent: 7,
    memory_percent: 7,
    memory_bytes: 7,
  });
});

test('the stream continues where the store ends', () => {
  expect(cpu(joined(stored(stats), []))).toEqual([
    [0, 1],
    [10, 3],
  ]);
  expect(cpu(joined(stored(stats), [live(8), live(9)]))).toEqual([
    [0, 1],
    [8, 9],
    [9, 9],
  ]);
});

/** Chart points: those measured before the page was opened, joined with those from the stream. */
import type { Columns, Figures, Point, Stats } from '@/api/types';

const figures = (columns: Columns, index: number): Figures => ({
  cpu_percent: columns.cpu_percent[index] ?? null,
  cpu_cores: columns.cpu_cores[index] ?? null,
  memory_percent: columns.memory_percent[index] ?? null,
  memory_bytes: columns.memory_bytes[index] ?? null,
  network_rx_bytes_per_s: columns.network_rx_bytes_per_s[index] ?? null,
  network_tx_bytes_per_s: columns.network_tx_bytes_per_s[index] ?? null,
  block_read_bytes_per_s: columns.block_read_bytes_per_s[index] ?? null,
  block_write_bytes_per_s: columns.block_write_bytes_per_s[index] ?? null,
});

/** The steps of the store as points; a step without any figure of the host is none. */
export function stored({ times, host, resources }: Pick<Stats, 'times' | 'host' | 'resources'>): Point[] {
  return times
    .map((time, index) => ({
      at: new Date(time * 1000).toISOString(),
      host: figures(host, index),
      resources: Object.fromEntries(
        resources.map(({ id, name, ...columns }) => [id, { name, ...figures(columns, index) }]),
      ),
    }))
    .filter((point) => point.host.cpu_percent !== null);
}

/** One row of points: those of the store as far as the stream does not reach back. */
export function joined(past: Point[], live: Point[]): Point[] {
  const [first] = live;
  return first === undefined ? past : [...past.filter(({ at }) => Date.parse(at) < Date.parse(first.at)), ...live];
}

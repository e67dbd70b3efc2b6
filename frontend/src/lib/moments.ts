'use client';
/** The event at a moment, read from the API, because the history may be long. */
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/client';

const read = async (query: Record<string, string | number | null>) => (await ask('/api/timeline', { query })).items;

/** The event that is shown at a position: the newest that is not after it. It never becomes another. */
export function useMark(at: number | null) {
  const { data } = useQuery({
    queryKey: ['mark', at],
    enabled: at !== null,
    staleTime: Infinity,
    gcTime: 60_000,
    queryFn: async () => (await read({ to: at, limit: 1 }))[0] ?? null,
  });
  return data ?? undefined;
}

/** The position to show for an instant: that of the newest event by then, or of the first event of all. */
export async function positionAt(time: number): Promise<number | null> {
  const until = await read({ to: new Date(time).toISOString(), limit: 1 });
  const [found] = until.length > 0 ? until : await read({ order: 'oldest', limit: 1 });
  return found?.position ?? null;
}

/** The event before the one that is shown; null stands for the present, which shows the newest event. */
export async function previous(at: number | null): Promise<number | null> {
  const found = await read({ to: at, limit: 2 });
  return (found[1] ?? found[0])?.position ?? null;
}

/** The event after a position, null when that is the newest: the present shows it. */
export async function next(at: number): Promise<number | null> {
  const found = await read({ from: at, order: 'oldest', limit: 2 });
  return found.length < 2 ? null : found[0]!.position;
}

'use client';
/** Reads of the API as of the selected moment. Reads of the present are repeated when an event arrives. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask, Problem, request, type Asked } from '@/api/client';
import type { Answer, Document, Path } from '@/api/types';
import { useTime } from './time';

const PAGE = 1000;

type Options = {
  /** False where the API has no past: shown for the present only. */
  hasPast?: boolean;
  enabled?: boolean;
  everyMs?: number;
};

const retry = (count: number, error: Error) =>
  count < 3 && error instanceof Problem && (error.status === 0 || error.status === 503);

export function useRead<P extends Path>(path: P, asked: Asked = {}, options: Options = {}) {
  return useAnswer<Answer<P>>(path, asked, options);
}

/** The same for a path that is known at run time only. */
export function useAnswer<T>(path: Path, asked: Asked, { hasPast = true, enabled = true, everyMs }: Options = {}) {
  const { at } = useTime();
  const query = { ...asked.query, ...(hasPast && at !== null ? { as_of: at } : {}) };
  return useQuery<T, Problem>({
    queryKey: [at === null ? 'now' : 'then', path, asked.in ?? {}, query],
    queryFn: () => request<T>(path, { ...asked, query }),
    placeholderData: keepPreviousData,
    enabled,
    retry,
    refetchInterval: at === null ? everyMs : undefined,
  });
}

/** Every page of a list; some come whole. */
export async function readAll(path: Path, query: Asked['query'], isPaged = true): Promise<Document[]> {
  const found: Document[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: Document[]; next_cursor?: string | null } = await request(path, {
      query: { ...query, limit: isPaged ? PAGE : null, cursor },
    });
    found.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor !== null);
  return found;
}

export function useList(path: Path, query: Asked['query'] = {}, isPaged = true) {
  const { at } = useTime();
  const full = { ...query, ...(at === null ? {} : { as_of: at }) };
  return useQuery<Document[], Problem>({
    queryKey: [at === null ? 'now' : 'then', path, 'all', full],
    queryFn: () => readAll(path, full, isPaged),
    placeholderData: keepPreviousData,
    retry,
  });
}

/** The session; its error is a Problem with status 401 when nobody is signed in. */
export function useSession(enabled = true) {
  return useQuery<Answer<'/api/session'>, Problem>({
    queryKey: ['session'],
    queryFn: () => ask('/api/session'),
    retry,
    enabled,
  });
}

'use client';
/** Watches what was asked for until it has come about, whichever page is shown meanwhile, and tells how it ended. */
import { useEffect } from 'react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { ask } from '@/api/client';
import type { Document } from '@/api/types';
import { sum } from '@/lib/outcome';
import { useNotices, type Followed } from './Notices';

/** The stream says when to look; this is for news that came before anybody looked. */
const NET_MS = 5000;
const PROGRESS_MS = 1000;

export function Following() {
  const { followed } = useNotices();
  return followed.map((each) => <Watched key={each.id} followed={each} />);
}

function Watched({ followed }: { followed: Followed }) {
  const { put } = useNotices();
  const { id, what, asked, outcome, progress } = followed;
  const reads = useQueries({ queries: asked.map((each) => ({
    queryKey: ['now', 'followed', each.id], refetchInterval: NET_MS, staleTime: 0,
    queryFn: () => ask<Document>('/api/resources/{id_or_name}', { in: { id_or_name: each.id } }),
  })) });
  const now = asked.map((each, index) => newer(reads[index]?.data, each));
  const told = sum(now.map((each, index) => ({ name: each.name, outcome: outcome(each, asked[index]!) })));
  const far = useQuery({
    queryKey: ['progress', asked[0]!.id], enabled: progress !== undefined && told.is === 'under way', refetchInterval: PROGRESS_MS,
    queryFn: () => ask<{ percent: number | null }>(progress!, { in: { id_or_name: asked[0]!.id } }),
  });
  const percent = far.data?.percent ?? null;
  const failures = told.failed.map(({ name, says }) => `${name} is ${says}`).join('\n');
  useEffect(() => {
    const about = asked.length === 1 ? asked[0] : undefined;
    const lines = asked.length > 1 && failures ? failures.split('\n') : undefined;
    const type = told.is === 'under way' ? 'in-progress' : told.is === 'failed' ? 'error' : 'success';
    put(id, { type, text: `${what}: ${told.text}`, about, lines, percent: type === 'in-progress' ? percent : null });
  }, [id, what, asked, told.is, told.text, failures, percent, put]);
  return null;
}

/** What was read before the answer came says nothing of what was asked. */
const newer = (read: Document | undefined, asked: Document): Document => (read && read.position >= asked.position ? read : asked);

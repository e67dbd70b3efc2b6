'use client';
/** Watches what was asked for until it has come about, whichever page is shown meanwhile, and tells how it ended. */
import { useEffect } from 'react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { ask, type Problem } from '@/api/client';
import type { Document } from '@/api/types';
import { OUTCOMES } from '@/kinds/outcomes';
import type { Followed } from '@/lib/followed';
import { sum } from '@/lib/outcome';
import { answerOf, useNotices } from './Notices';

/** The stream says when to look; this is for news that came before anybody looked. */
const NET_MS = 5000;
const PROGRESS_MS = 1000;

export function Following() {
  const { followed } = useNotices();
  return followed.map((each) => <Asked key={each.id} followed={each} />);
}

const read = (id: string, position?: number) =>
  ask<Document>('/api/resources/{id_or_name}', { in: { id_or_name: id }, query: { as_of: position } });

/** What the API answered: at hand, or after a reload read as it was at that position. */
function Asked({ followed }: { followed: Followed }) {
  const { put } = useNotices();
  const { id, what } = followed;
  const answers = useQueries({ queries: followed.asked.map((each) => ({
    queryKey: answerOf(each), staleTime: Infinity, queryFn: () => read(each.id, each.position),
  })) });
  const asked = answers.flatMap(({ data }) => (data ? [data] : []));
  const lost = answers.find(({ error }) => (error as Problem | null)?.status === 404)?.error as Problem | undefined;
  useEffect(() => {
    if (lost) put(id, { type: 'error', text: what, problem: lost });
  }, [id, what, lost, put]);
  return asked.length === answers.length ? <Watched followed={followed} asked={asked} /> : null;
}

function Watched({ followed, asked }: { followed: Followed; asked: Document[] }) {
  const { put } = useNotices();
  const { id, what, outcome, progress, said } = followed;
  const reads = useQueries({ queries: asked.map((each) => ({
    queryKey: ['now', 'followed', each.id], refetchInterval: NET_MS, staleTime: 0, queryFn: () => read(each.id),
  })) });
  const now = asked.map((each, index) => newer(reads[index]?.data, each));
  const told = sum(now.map((each, index) => ({ name: each.name, outcome: OUTCOMES[outcome](each, asked[index]!) })));
  const far = useQuery({
    queryKey: ['progress', asked[0]!.id], enabled: progress !== undefined && told.is === 'under way', refetchInterval: PROGRESS_MS,
    queryFn: () => ask<{ percent: number | null }>(progress!, { in: { id_or_name: asked[0]!.id } }),
  });
  const percent = far.data?.percent ?? null;
  const failures = told.failed.map(({ name, says }) => `${name} is ${says}`).join('\n');
  const about = asked.length === 1 ? asked[0] : undefined;
  const many = asked.length > 1;
  useEffect(() => {
    const lines = many && failures ? failures.split('\n') : undefined;
    const type = told.is === 'under way' ? 'in-progress' : told.is === 'failed' ? 'error' : 'success';
    put(id, { type, text: `${what}: ${told.text}`, about, lines, percent: type === 'in-progress' ? percent : null, said });
  }, [id, what, about, said, many, told.is, told.text, failures, percent, put]);
  return null;
}

/** What was read before the answer came says nothing of what was asked. */
const newer = (found: Document | undefined, asked: Document): Document => (found && found.position >= asked.position ? found : asked);

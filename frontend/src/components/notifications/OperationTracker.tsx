'use client';
/** Follows every operation until it has finished, independent of the page that is shown, and reports the result. */
import { useEffect } from 'react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { ask, request, type Problem } from '@/api/client';
import type { Body, Document } from '@/api/types';
import { OUTCOMES } from '@/resources/outcomes';
import type { Operation } from '@/lib/operations';
import { sum } from '@/lib/outcome';
import { answerOf, useNotifications } from '@/components/notifications/Notifications';

/** The stream description when to look; this is for news that came before anybody looked. */
const NET_MS = 5000;
const PROGRESS_MS = 1000;

export function OperationTracker() {
  const { operations } = useNotifications();
  return operations.map((each) => <Answered key={each.id} operation={each} />);
}

const read = (id: string, position?: number) =>
  ask('/api/resources/{id_or_name}', { in: { id_or_name: id }, query: { as_of: position } });

/** The documents that the API answered with: cached, or after a reload read as of their positions. */
function Answered({ operation }: { operation: Operation }) {
  const { put } = useNotifications();
  const { id, what } = operation;
  const answers = useQueries({
    queries: operation.asked.map((each) => ({
      queryKey: answerOf(each),
      staleTime: Infinity,
      queryFn: () => read(each.id, each.position),
    })),
  });
  const asked = answers.flatMap(({ data }) => (data ? [data] : []));
  const lost = answers.find(({ error }) => (error as Problem | null)?.status === 404)?.error as Problem | undefined;
  useEffect(() => {
    if (lost) put(id, { type: 'error', text: what, problem: lost });
  }, [id, what, lost, put]);
  return asked.length === answers.length ? <Watched operation={operation} asked={asked} /> : null;
}

function Watched({ operation, asked }: { operation: Operation; asked: Document[] }) {
  const { put } = useNotifications();
  const { id, what, outcome, progress, command } = operation;
  const reads = useQueries({
    queries: asked.map((each) => ({
      queryKey: ['now', 'operation', each.id],
      refetchInterval: NET_MS,
      staleTime: 0,
      queryFn: () => read(each.id),
    })),
  });
  const now = asked.map((each, index) => newer(reads[index]?.data, each));
  const total = sum(now.map((each, index) => ({ name: each.name, outcome: OUTCOMES[outcome](each, asked[index]!) })));
  const far = useQuery({
    queryKey: ['progress', asked[0]!.id],
    enabled: progress !== undefined && total.is === 'under way',
    refetchInterval: PROGRESS_MS,
    queryFn: () => request<Body['Progress']>(progress!, { in: { id_or_name: asked[0]!.id } }),
  });
  const percent = far.data?.percent ?? null;
  const failures = total.failed.map(({ name, description }) => `${name} is ${description}`).join('\n');
  const about = asked.length === 1 ? asked[0] : undefined;
  const many = asked.length > 1;
  useEffect(() => {
    const lines = many && failures ? failures.split('\n') : undefined;
    const type = total.is === 'under way' ? 'in-progress' : total.is === 'failed' ? 'error' : 'success';
    put(id, {
      type,
      text: `${what}: ${total.text}`,
      about,
      lines,
      percent: type === 'in-progress' ? percent : null,
      command,
    });
  }, [id, what, about, command, many, total.is, total.text, failures, percent, put]);
  return null;
}

/** What was read before the answer came description nothing of what was asked. */
const newer = (found: Document | undefined, asked: Document): Document =>
  found && found.position >= asked.position ? found : asked;

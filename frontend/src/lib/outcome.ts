/** Whether what was asked for has come about: read off a resource, as the stream brings its news. */
import type { Document } from '@/api/types';

export type Outcome = { is: 'under way' | 'done' | 'failed'; says: string };

/** Of `domain/status.py`: another status follows by itself. */
export const SETTLING = new Set([
  'pending', 'starting', 'stopping', 'terminating', 'creating', 'deleting', 'restoring', 'rotating', 'modifying', 'promoting',
]);

const sentence = (status: string, more: unknown): string => (more ? `${status}: ${String(more)}` : status);

/** By its status, which is the answer for most of what can be asked; `asked` is what the API answered with. */
export function settled(now: Document, asked: Document): Outcome {
  const says = sentence(now.status, now.status_reason ?? now.observed.restore_step);
  if (SETTLING.has(now.status)) return { is: 'under way', says };
  // What was in error before, such as one whose tags are changed, did not fail by it.
  return { is: now.status === 'error' && asked.status !== 'error' ? 'failed' : 'done', says };
}

export type Sum = { is: Outcome['is']; done: number; failed: { name: string; says: string }[]; text: string };

/** What is told of many: how many are done, and what failed. */
export function sum(outcomes: { name: string; outcome: Outcome }[]): Sum {
  const failed = outcomes.filter(({ outcome }) => outcome.is === 'failed').map(({ name, outcome }) => ({ name, says: outcome.says }));
  const waiting = outcomes.filter(({ outcome }) => outcome.is === 'under way').length;
  const done = outcomes.length - waiting - failed.length;
  const [first] = outcomes;
  const text = outcomes.length === 1 && first ? `${first.name} is ${first.outcome.says}` : `${done} of ${outcomes.length} done`;
  return { is: waiting > 0 ? 'under way' : failed.length > 0 ? 'failed' : 'done', done, failed, text };
}

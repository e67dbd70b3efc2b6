/** Whether an operation has finished, judged by the document of its resource. */
import type { Document } from '@/api/types';
import { local } from './format';

export type Outcome = { is: 'under way' | 'done' | 'failed'; description: string };

/** Of `domain/status.py`: another status follows by itself. */
export const SETTLING = new Set([
  'pending',
  'starting',
  'stopping',
  'terminating',
  'creating',
  'deleting',
  'restoring',
  'backing-up',
  'rotating',
  'modifying',
  'promoting',
  'applying',
  'purging',
]);

const sentence = (status: string, more: unknown): string => (more ? `${status}: ${String(more)}` : status);

/** The outcome by status, which suits most operations; `asked` is the API's answer. */
export function settled(now: Document, asked: Document): Outcome {
  const description = sentence(now.status, now.status_reason ?? now.observed.restore_step);
  if (SETTLING.has(now.status)) return { is: 'under way', description };
  if (now.status === 'trashed' && now.purges_at)
    return { is: 'done', description: `in the trash, and can be restored until ${local(now.purges_at)}` };
  // What was in error before, such as one whose tags are changed, did not fail by it.
  return { is: now.status === 'error' && asked.status !== 'error' ? 'failed' : 'done', description };
}

export type Sum = { is: Outcome['is']; done: number; failed: { name: string; description: string }[]; text: string };

/** The summary of many outcomes: how many are done, and which failed. */
export function sum(outcomes: { name: string; outcome: Outcome }[]): Sum {
  const failed = outcomes
    .filter(({ outcome }) => outcome.is === 'failed')
    .map(({ name, outcome }) => ({ name, description: outcome.description }));
  const waiting = outcomes.filter(({ outcome }) => outcome.is === 'under way').length;
  const done = outcomes.length - waiting - failed.length;
  const [first] = outcomes;
  const text =
    outcomes.length === 1 && first
      ? `${first.name} is ${first.outcome.description}`
      : `${done} of ${outcomes.length} done`;
  return { is: waiting > 0 ? 'under way' : failed.length > 0 ? 'failed' : 'done', done, failed, text };
}

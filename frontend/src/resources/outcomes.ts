/** How to judge whether an operation has finished, by name: names survive a reload of the page. */
import type { Document } from '@/api/types';
import { settled, type Outcome } from '@/lib/outcome';
import { backedUp } from './database';
import { carriedOut } from './plan';
import { refreshed, sized } from './scaling_group';
import { verified } from './snapshot';
import { drained, serving } from './target';
import type { OutcomeName } from './types';

/** Of what is done as soon as it is accepted. */
const changed = (): Outcome => ({ is: 'done', description: 'changed' });

/** By what a resource is, and what it was when the API answered. */
export const OUTCOMES: Record<OutcomeName, (now: Document, asked: Document) => Outcome> = {
  settled,
  changed,
  carriedOut,
  backedUp,
  refreshed,
  sized,
  verified,
  drained,
  serving,
};

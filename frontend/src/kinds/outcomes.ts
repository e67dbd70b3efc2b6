/** How to tell whether what was asked for has come about, by names: what is under way is kept by them when a page is loaded again. */
import type { Document } from '@/api/types';
import { settled, type Outcome } from '@/lib/outcome';
import { backedUp } from './database';
import { refreshed, sized } from './scaling_group';
import { verified } from './snapshot';
import { drained, serving } from './target';

/** Of what is done as soon as it is accepted. */
const changed = (): Outcome => ({ is: 'done', says: 'changed' });

export type OutcomeName = 'settled' | 'changed' | 'backedUp' | 'refreshed' | 'sized' | 'verified' | 'drained' | 'serving';
/** By what a resource is, and what it was when the API answered. */
export const OUTCOMES: Record<OutcomeName, (now: Document, asked: Document) => Outcome> = {
  settled, changed, backedUp, refreshed, sized, verified, drained, serving,
};

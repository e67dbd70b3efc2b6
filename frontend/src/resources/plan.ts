import { typed, type Body, type Document } from '@/api/types';
import type { Outcome } from '@/lib/outcome';
import { spec } from './fields';
import type { Action, Kind } from './types';

export type Step = Body['PlanStep'];

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ');
const observedOf = (document: Document) => typed('plan', document).observed;

export function carriedOut(now: Document): Outcome {
  const { progress, steps } = observedOf(now);
  if (now.status === 'applying')
    return { is: 'under way', description: `applying: ${progress.completed ?? 0} of ${steps.length} steps completed` };
  return {
    is: now.status === 'failed' ? 'failed' : 'done',
    description: now.status_reason ? `${now.status}: ${now.status_reason}` : now.status,
  };
}

export const applying: Action = {
  id: 'apply',
  label: 'Apply',
  path: '/api/plans/{id_or_name}/apply',
  when: ['proposed', 'failed'],
  fits: (document) => observedOf(document).steps.some(({ action }) => action !== 'cannot'),
  isSingle: true,
  outcome: 'carriedOut',
  command: (it) => `plan apply ${it}`,
};
export const refreshing: Action = {
  id: 'refresh',
  label: 'Compute again',
  path: '/api/plans/{id_or_name}/refresh',
  when: ['proposed'],
  outcome: 'changed',
  command: (it) => `plan refresh ${it}`,
};
export const cancelling: Action = {
  id: 'cancel',
  label: 'Cancel',
  path: '/api/plans/{id_or_name}',
  method: 'DELETE',
  when: ['proposed', 'applying', 'failed'],
  outcome: 'changed',
  command: (it) => `plan cancel ${it}`,
};

export const plan: Kind = {
  slug: 'plans',
  kind: 'plan',
  prefix: 'plan',
  one: 'plan',
  many: 'Plans',
  section: 'Upkeep',
  about: 'A plan shows what would be created, changed and removed, step by step. Nothing happens until it is applied.',
  list: '/api/plans',
  item: '/api/plans/{id_or_name}',
  tabs: ['steps'],
  firstTab: 'steps',
  elsewhere: ['steps'],
  columns: [
    { id: 'type', label: 'Type', of: spec('type') },
    { id: 'actions', label: 'Steps', of: (document) => counted(observedOf(document).actions) },
    { id: 'progress', label: 'Progress', of: (document) => counted(observedOf(document).progress) },
    { id: 'position', label: 'Computed at position', of: spec('base_position'), isHidden: true },
  ],
  actions: [applying, refreshing, cancelling],
};

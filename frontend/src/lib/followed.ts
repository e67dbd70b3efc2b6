/** What is under way, kept in this tab so that its notice outlives a reload: ids and what was asked for, nothing else. */
import type { Path } from '@/api/types';
import { OUTCOMES, type OutcomeName } from '@/kinds/outcomes';

export type Followed = {
  id: string;
  /** Such as `Stop`. */
  what: string;
  /** Which resources, and of which position the API's answer was. */
  asked: { id: string; position: number }[];
  outcome: OutcomeName;
  /** Where to read how far it is. */
  progress?: Path;
  /** The same for a terminal. It names resources: it is not kept. */
  said?: string;
  /** In milliseconds. */
  began: number;
};

const NAME = 'miniaws-followed';
const isRef = ({ id, position }: Record<string, unknown>) => typeof id === 'string' && typeof position === 'number';

function isFollowed(found: Partial<Record<keyof Followed, unknown>> | null): boolean {
  return found !== null && typeof found.id === 'string' && typeof found.what === 'string' && typeof found.began === 'number' &&
    (found.outcome as string) in OUTCOMES && Array.isArray(found.asked) && found.asked.length > 0 && found.asked.every(isRef);
}

/** What was under way when the page was left; what another version of the console kept is no part of it. */
export function recalled(storage: Storage): Followed[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(NAME) ?? '[]');
    return Array.isArray(found) ? found.filter(isFollowed) : [];
  } catch {
    return [];
  }
}

export function keep(storage: Storage, followed: readonly Followed[]): void {
  if (followed.length === 0) storage.removeItem(NAME);
  else storage.setItem(NAME, JSON.stringify(followed.map(({ said: _, ...each }) => each)));
}

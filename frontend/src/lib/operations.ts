/** Running operations, stored in this tab so that their notifications survive a reload: ids and the action only. */
import type { Path } from '@/api/types';
import { OUTCOMES } from '@/resources/outcomes';
import type { OutcomeName } from '@/resources/types';

export type Operation = {
  id: string;
  /** Such as `Stop`. */
  what: string;
  /** The resources, each with the position of the API's answer. */
  asked: { id: string; position: number }[];
  outcome: OutcomeName;
  /** Where to read the progress. */
  progress?: Path;
  /** The equivalent command for a terminal. Not stored, because it contains names of resources. */
  command?: string;
  /** In milliseconds. */
  began: number;
};

const NAME = 'miniaws-followed';
const isRef = ({ id, position }: Record<string, unknown>) => typeof id === 'string' && typeof position === 'number';

function isOperation(found: Partial<Record<keyof Operation, unknown>> | null): boolean {
  return (
    found !== null &&
    typeof found.id === 'string' &&
    typeof found.what === 'string' &&
    typeof found.began === 'number' &&
    (found.outcome as string) in OUTCOMES &&
    Array.isArray(found.asked) &&
    found.asked.length > 0 &&
    found.asked.every(isRef)
  );
}

/** The stored operations; entries of another version of the console are ignored. */
export function recalled(storage: Storage): Operation[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(NAME) ?? '[]');
    return Array.isArray(found) ? found.filter(isOperation) : [];
  } catch {
    return [];
  }
}

export function keep(storage: Storage, operations: readonly Operation[]): void {
  if (operations.length === 0) storage.removeItem(NAME);
  else storage.setItem(NAME, JSON.stringify(operations.map(({ command: _, ...each }) => each)));
}

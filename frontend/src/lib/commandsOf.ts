/** The commands of the terminal that do the same as an action. */
import type { Document } from '@/api/types';
import type { Action, Values } from '@/resources/types';

const COMMANDS = 3;

/** One command per resource; of many, the first few. */
export function commandsOf(action: Action, documents: Document[], values: Values): string {
  const isAlone = documents.length === 1;
  const first = documents.slice(0, COMMANDS).map((each) => `cloud ${action.command(each.name, values, each, isAlone)}`);
  return [...first, ...(documents.length > COMMANDS ? [`# and ${documents.length - COMMANDS} more`] : [])].join('\n');
}

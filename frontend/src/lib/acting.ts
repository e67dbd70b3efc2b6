'use client';
/** Whether this page may change anything, and what follows a change. */
import type { Document } from '@/api/types';
import type { Action, Values } from '@/kinds/kind';
import { useTime } from './time';
import { useSession } from './reading';

const RANKS = { viewer: 0, operator: 1, admin: 2 };

/** True when the role covers the one that is needed and the present is shown: the past cannot be changed. */
export function useMay(role: 'operator' | 'admin' = 'operator'): boolean {
  const { at } = useTime();
  const { data } = useSession();
  return at === null && data !== undefined && RANKS[data.role] >= RANKS[role];
}

const COMMANDS = 3;

/** The same for a terminal; of many, the first few. */
export function commandsOf(action: Action, documents: Document[], values: Values): string {
  const isAlone = documents.length === 1;
  const first = documents.slice(0, COMMANDS).map((each) => `cloud ${action.command(each.name, values, each, isAlone)}`);
  return [...first, ...(documents.length > COMMANDS ? [`# and ${documents.length - COMMANDS} more`] : [])].join('\n');
}

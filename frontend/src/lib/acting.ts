'use client';
/** Whether this page may change anything, and what follows a change. */
import { useTime } from './time';
import { useSession } from './reading';

const RANKS = { viewer: 0, operator: 1, admin: 2 };

/** True when the role covers the one that is needed and the present is shown: the past cannot be changed. */
export function useMay(role: 'operator' | 'admin' = 'operator'): boolean {
  const { at } = useTime();
  const { data } = useSession();
  return at === null && data !== undefined && RANKS[data.role] >= RANKS[role];
}

'use client';
/** Whether this page may change anything. */
import { useSession } from './reading';
import { useTime } from './time';

const RANKS = { viewer: 0, operator: 1, admin: 2 };
type Needed = 'operator' | 'admin';

/** True when the role covers the one that is needed. */
export function useRole(role: Needed): boolean {
  const { data } = useSession();
  return data !== undefined && RANKS[data.role] >= RANKS[role];
}

/** True when, in addition, the present is shown: the past cannot be changed. */
export function usePermission(role: Needed = 'operator'): boolean {
  const { at } = useTime();
  return useRole(role) && at === null;
}

'use client';
/** The moment that the console shows: a position of the log, or null for the present. Stored as `?at=`. */
import { usePathname } from 'next/navigation';
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { rewritten } from './address';

type Time = { at: number | null; show: (at: number | null) => void };
const Context = createContext<Time>({ at: null, show: () => {} });
export const useTime = () => useContext(Context);

function given(): number | null {
  const at = new URLSearchParams(window.location.search).get('at');
  return at !== null && /^\d{1,18}$/.test(at) ? Number(at) : null;
}

/** With the state that it has, the router takes no part: a drag shows many moments, and no page depends on the word. */
function tell(at: number | null): void {
  const next = rewritten(window.location.href, { at: at === null ? null : String(at) });
  if (next !== window.location.href) window.history.replaceState(window.history.state, '', next);
}

export function TimeProvider({ children }: { children: ReactNode }) {
  const [at, setAt] = useState<number | null>(given);
  const path = usePathname();
  const show = useCallback((next: number | null) => {
    setAt(next);
    tell(next);
  }, []);
  // A page that was on its way when the moment changed does not know of it.
  useEffect(() => tell(at), [path, at]);
  useEffect(() => {
    const back = () => setAt(given());
    window.addEventListener('popstate', back);
    return () => window.removeEventListener('popstate', back);
  }, []);
  const time = useMemo(() => ({ at, show }), [at, show]);
  return <Context.Provider value={time}>{children}</Context.Provider>;
}

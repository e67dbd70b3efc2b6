'use client';
/** The moment that the whole console shows: a position of the log, or null for the present. `?at=` keeps it. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { rewritten } from './address';

type Time = { at: number | null; show: (at: number | null) => void };
const Context = createContext<Time>({ at: null, show: () => {} });
export const useTime = () => useContext(Context);

function given(): number | null {
  const at = new URLSearchParams(window.location.search).get('at');
  return at !== null && /^\d{1,18}$/.test(at) ? Number(at) : null;
}

export function TimeProvider({ children }: { children: ReactNode }) {
  const [at, setAt] = useState<number | null>(given);
  const show = useCallback((next: number | null) => {
    setAt(next);
    // With the state that it has, the router takes no part: a drag shows many moments, and no page depends on the word.
    window.history.replaceState(window.history.state, '', rewritten(window.location.href, { at: next === null ? null : String(next) }));
  }, []);
  useEffect(() => {
    const back = () => setAt(given());
    window.addEventListener('popstate', back);
    return () => window.removeEventListener('popstate', back);
  }, []);
  const time = useMemo(() => ({ at, show }), [at, show]);
  return <Context.Provider value={time}>{children}</Context.Provider>;
}

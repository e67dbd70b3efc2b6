'use client';
/** The moment that the whole console shows: a position of the log, or null for the present. `?at=` keeps it. */
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';

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
    const url = new URL(window.location.href);
    if (next === null) url.searchParams.delete('at');
    else url.searchParams.set('at', String(next));
    window.history.replaceState(window.history.state, '', url);
  }, []);
  const time = useMemo(() => ({ at, show }), [at, show]);
  return <Context.Provider value={time}>{children}</Context.Provider>;
}

'use client';
/** What was done and what went wrong, above every page. A problem says what the API says, with the request id. */
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';
import type { FlashbarProps } from '@cloudscape-design/components/flashbar';
import { Problem } from '@/api/client';

type Notice = { type: 'success' | 'error' | 'in-progress'; text: string; problem?: Problem };
type Notices = {
  items: FlashbarProps.MessageDefinition[];
  /** Show a notice; the function takes its place by another. */
  say: (notice: Notice) => (next: Notice) => void;
};
const Context = createContext<Notices>({ items: [], say: () => () => {} });
export const useNotices = () => useContext(Context);

const SHOWN_MS = 8000;

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const count = useRef(0);
  const drop = useCallback((id: string) => setItems((old) => old.filter((each) => each.id !== id)), []);
  const put = useCallback((id: string, { type, text, problem }: Notice) => {
    const item: FlashbarProps.MessageDefinition = {
      id, dismissible: true, dismissLabel: 'Dismiss', onDismiss: () => drop(id),
      type: type === 'in-progress' ? 'info' : type, loading: type === 'in-progress',
      header: problem ? text : undefined,
      content: problem ? <>{problem.detail}{problem.requestId && <div>request id: <code>{problem.requestId}</code></div>}</> : text,
    };
    setItems((old) => (old.some((each) => each.id === id) ? old.map((each) => (each.id === id ? item : each)) : [item, ...old]));
    if (type === 'success') setTimeout(() => drop(id), SHOWN_MS);
  }, [drop]);
  const say = useCallback((notice: Notice) => {
    const id = String((count.current += 1));
    put(id, notice);
    return (next: Notice) => put(id, next);
  }, [put]);
  const notices = useMemo(() => ({ items, say }), [items, say]);
  return <Context.Provider value={notices}>{children}</Context.Provider>;
}

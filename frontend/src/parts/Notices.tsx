'use client';
/** What is done, was done and went wrong, above every page. A problem says what the API says, with the request id. */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { FlashbarProps } from '@cloudscape-design/components/flashbar';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import { Problem } from '@/api/client';
import type { Document, Path } from '@/api/types';
import { pageOf } from '@/kinds';
import type { OutcomeName } from '@/kinds/outcomes';
import { keep, recalled, type Followed } from '@/lib/followed';
import { Go } from './Go';

export type Notice = {
  type: 'success' | 'error' | 'in-progress';
  text: string;
  problem?: Problem;
  /** What failed of many, each a line. */
  lines?: string[];
  /** What it is about. */
  about?: Document;
  percent?: number | null;
  /** The same for a terminal. */
  said?: string;
};
type Watch = { outcome?: OutcomeName; progress?: Path; said?: string };
type Notices = {
  items: FlashbarProps.MessageDefinition[];
  followed: Followed[];
  /** Show a notice; the function takes its place by another. */
  say: (notice: Notice) => (next: Notice) => void;
  /** Say how far resources are that the API answered with, until what was asked of them has come about. */
  follow: (what: string, asked: Document[], watch?: Watch) => void;
  put: (id: string, notice: Notice) => void;
  /** Show and follow nothing any more: whoever comes next asked for none of it. */
  forget: () => void;
};
const Context = createContext<Notices>({ items: [], followed: [], say: () => () => {}, follow: () => {}, put: () => {}, forget: () => {} });
export const useNotices = () => useContext(Context);

/** What the API answered with: it never becomes anything else. */
export const answerOf = ({ id, position }: { id: string; position: number }) => ['answer', id, position] as const;

const SHOWN_MS = 8000;
/** What took so long stays until it is dismissed: nobody waits and watches. */
const LONG_MS = 15_000;

function content({ text, problem, about, lines, percent, said }: Notice): ReactNode {
  const page = about && pageOf(about.kind, about.id);
  return (
    <>
      {problem ? problem.detail : text} {page && <Go to={page} isOnColour>Show {about.name}</Go>}
      {problem?.requestId && <div>request id: <code>{problem.requestId}</code></div>}
      {lines && <ul className="problems">{lines.map((line) => <li key={line}>{line}</li>)}</ul>}
      {said && <pre className="said" data-testid="said">{said}</pre>}
      {percent != null && <ProgressBar variant="flash" value={percent} ariaLabel="How far it is" />}
    </>
  );
}

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const [followed, setFollowed] = useState<Followed[]>(() => recalled(window.sessionStorage));
  const began = useRef(new Map(followed.map((each) => [each.id, each.began])));
  const client = useQueryClient();
  useEffect(() => keep(window.sessionStorage, followed), [followed]);
  const drop = useCallback((id: string) => {
    setItems((old) => old.filter((each) => each.id !== id));
    setFollowed((old) => old.filter((each) => each.id !== id));
  }, []);
  const put = useCallback((id: string, notice: Notice) => {
    const { type, text, problem } = notice;
    const isOver = type !== 'in-progress';
    const item: FlashbarProps.MessageDefinition = {
      id, dismissible: true, dismissLabel: 'Dismiss', onDismiss: () => drop(id), type: isOver ? type : 'info', loading: !isOver,
      header: problem ? text : undefined, content: content(notice), statusIconAriaLabel: isOver ? type : 'under way',
    };
    setItems((old) => (old.some((each) => each.id === id) ? old.map((each) => (each.id === id ? item : each)) : [item, ...old]));
    if (isOver) setFollowed((old) => old.filter((each) => each.id !== id));
    if (type === 'success' && Date.now() - (began.current.get(id) ?? 0) < LONG_MS) setTimeout(() => drop(id), SHOWN_MS);
  }, [drop]);
  const begin = useCallback((notice: Notice): string => {
    const now = Date.now();
    const id = `${now}-${began.current.size}`;
    began.current.set(id, now);
    put(id, notice);
    return id;
  }, [put]);
  const say = useCallback((notice: Notice) => {
    const id = begin(notice);
    return (next: Notice) => put(id, next);
  }, [begin, put]);
  const follow = useCallback((what: string, asked: Document[], watch: Watch = {}) => {
    const id = begin({ type: 'in-progress', text: `${what}: ${asked.length === 1 ? asked[0]!.name : `${asked.length} resources`}`, said: watch.said });
    for (const each of asked) client.setQueryData(answerOf(each), each);
    const { outcome = 'settled', progress, said } = watch;
    const refs = asked.map((each) => ({ id: each.id, position: each.position }));
    setFollowed((old) => [...old, { id, what, asked: refs, outcome, progress, said, began: began.current.get(id)! }]);
  }, [begin, client]);
  const forget = useCallback(() => {
    setItems([]);
    setFollowed([]);
  }, []);
  const notices = useMemo(() => ({ items, followed, say, follow, put, forget }), [items, followed, say, follow, put, forget]);
  return <Context.Provider value={notices}>{children}</Context.Provider>;
}

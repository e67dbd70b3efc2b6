'use client';
/** Notifications above every page: running, finished and failed operations, failures with error and request id. */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { FlashbarProps } from '@cloudscape-design/components/flashbar';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import { Problem } from '@/api/client';
import type { Document, Path } from '@/api/types';
import { pageOf } from '@/resources';
import type { OutcomeName } from '@/resources/types';
import { keep, recalled, type Operation } from '@/lib/operations';
import { Link } from '@/components/display/Link';

export type Notice = {
  type: 'success' | 'error' | 'in-progress';
  text: string;
  problem?: Problem;
  /** The failures among many resources, one per line. */
  lines?: string[];
  /** The resource to link to. */
  about?: Document;
  percent?: number | null;
  /** The equivalent command for a terminal. */
  command?: string;
};
type Watch = { outcome?: OutcomeName; progress?: Path; command?: string };
type Notices = {
  items: FlashbarProps.MessageDefinition[];
  operations: Operation[];
  /** Show a notice; the returned function replaces it. */
  say: (notice: Notice) => (next: Notice) => void;
  /** Follow the resources of the API's answers until the operation has finished. */
  follow: (what: string, asked: Document[], watch?: Watch) => void;
  put: (id: string, notice: Notice) => void;
  /** Forget all notices and operations, when the user signs out. */
  forget: () => void;
};
const Context = createContext<Notices>({
  items: [],
  operations: [],
  say: () => () => {},
  follow: () => {},
  put: () => {},
  forget: () => {},
});
export const useNotifications = () => useContext(Context);

/** The query key of an answer, which never changes. */
export const answerOf = ({ id, position }: { id: string; position: number }) => ['answer', id, position] as const;

const SHOWN_MS = 8000;
/** The notice of an operation that took longer stays until it is dismissed. */
const LONG_MS = 15_000;

function content({ text, problem, about, lines, percent, command }: Notice): ReactNode {
  const page = about && pageOf(about.kind, about.id);
  return (
    <>
      {problem ? problem.detail : text}{' '}
      {page && (
        <Link to={page} isOnColour>
          Show {about.name}
        </Link>
      )}
      {problem?.requestId && (
        <div>
          request id: <code>{problem.requestId}</code>
        </div>
      )}
      {lines && (
        <ul className="problems">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {command && (
        <pre className="terminal" data-testid="notice-command">
          {command}
        </pre>
      )}
      {percent != null && <ProgressBar variant="flash" value={percent} ariaLabel="How far it is" />}
    </>
  );
}

export function NotificationsProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const [operations, setOperations] = useState<Operation[]>(() => recalled(window.sessionStorage));
  const began = useRef(new Map(operations.map((each) => [each.id, each.began])));
  const client = useQueryClient();
  useEffect(() => keep(window.sessionStorage, operations), [operations]);
  const drop = useCallback((id: string) => {
    setItems((old) => old.filter((each) => each.id !== id));
    setOperations((old) => old.filter((each) => each.id !== id));
  }, []);
  const put = useCallback(
    (id: string, notice: Notice) => {
      const { type, text, problem } = notice;
      const isOver = type !== 'in-progress';
      const item: FlashbarProps.MessageDefinition = {
        id,
        dismissible: true,
        dismissLabel: 'Dismiss',
        onDismiss: () => drop(id),
        type: isOver ? type : 'info',
        loading: !isOver,
        header: problem ? text : undefined,
        content: content(notice),
        statusIconAriaLabel: isOver ? type : 'under way',
      };
      setItems((old) =>
        old.some((each) => each.id === id) ? old.map((each) => (each.id === id ? item : each)) : [item, ...old],
      );
      if (isOver) setOperations((old) => old.filter((each) => each.id !== id));
      if (type === 'success' && Date.now() - (began.current.get(id) ?? 0) < LONG_MS)
        setTimeout(() => drop(id), SHOWN_MS);
    },
    [drop],
  );
  const begin = useCallback(
    (notice: Notice): string => {
      const now = Date.now();
      const id = `${now}-${began.current.size}`;
      began.current.set(id, now);
      put(id, notice);
      return id;
    },
    [put],
  );
  const say = useCallback(
    (notice: Notice) => {
      const id = begin(notice);
      return (next: Notice) => put(id, next);
    },
    [begin, put],
  );
  const follow = useCallback(
    (what: string, asked: Document[], watch: Watch = {}) => {
      const id = begin({
        type: 'in-progress',
        text: `${what}: ${asked.length === 1 ? asked[0]!.name : `${asked.length} resources`}`,
        command: watch.command,
      });
      for (const each of asked) client.setQueryData(answerOf(each), each);
      const { outcome = 'settled', progress, command } = watch;
      const refs = asked.map((each) => ({ id: each.id, position: each.position }));
      setOperations((old) => [
        ...old,
        { id, what, asked: refs, outcome, progress, command, began: began.current.get(id)! },
      ]);
    },
    [begin, client],
  );
  const forget = useCallback(() => {
    setItems([]);
    setOperations([]);
  }, []);
  const notices = useMemo(
    () => ({ items, operations, say, follow, put, forget }),
    [items, operations, say, follow, put, forget],
  );
  return <Context.Provider value={notices}>{children}</Context.Provider>;
}

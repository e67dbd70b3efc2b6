'use client';
/** The event stream, shared by all pages: its state, the newest summary, chart points, and new events. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { forgetPositions, readAgain, toldOf, whenStale } from '@/api/positions';
import { sessionToken } from '@/api/session';
import type { CloudEvent, Point, Summary } from '@/api/types';

export type Status = 'connecting' | 'live' | 'reconnecting' | 'signed-out';
type Told =
  | { type: 'status'; status: Status }
  | { type: 'begun'; position: number }
  | { type: 'events'; events: CloudEvent[] }
  | { type: 'summary'; summary: Summary }
  | { type: 'metrics'; points: Point[] }
  | { type: 'lost' };
type Live = { status: Status; summary: Summary | null; points: Point[]; events: CloudEvent[]; signOut: () => void };

const KEPT_POINTS = 600;
const KEPT_EVENTS = 200;
const PAUSE_MS = 250;
const Context = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(Context);
  if (live === null) throw new Error('useLive stands outside of LiveProvider');
  return live;
}

/** The worker's end: shared by all tabs where the browser can, one for this tab where it cannot. */
function connect(): Worker | MessagePort {
  if (!('SharedWorker' in window)) return new Worker('/stream-worker.js');
  const { port } = new SharedWorker('/stream-worker.js');
  port.start();
  return port;
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const worker = useRef<Worker | MessagePort | null>(null);
  const [status, setStatus] = useState<Status>('connecting');
  const [summary, setSummary] = useState<Summary | null>(null);
  const [points, setPoints] = useState<Point[]>([]);
  const [events, setEvents] = useState<CloudEvent[]>([]);

  useEffect(() => {
    const end = connect();
    worker.current = end;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Many events at once lead to one new read of what is on the page.
    const readAnew = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        readAgain();
        void client.invalidateQueries({ queryKey: ['now'] });
      }, PAUSE_MS);
    };
    const stopWatching = whenStale(readAnew);
    end.onmessage = ({ data }: MessageEvent<Told>) => {
      if (data.type === 'status') setStatus(data.status);
      if (data.type === 'status' && data.status === 'signed-out')
        void client.invalidateQueries({ queryKey: ['session'] });
      if (data.type === 'summary') setSummary(data.summary);
      if (data.type === 'metrics') setPoints((old) => [...old, ...data.points].slice(-KEPT_POINTS));
      if (data.type === 'begun') toldOf(data.position);
      if (data.type === 'events') toldOf(data.events.at(-1)!.position);
      if (data.type === 'events') setEvents((old) => [...data.events.toReversed(), ...old].slice(0, KEPT_EVENTS));
      if (data.type === 'lost') {
        forgetPositions();
        setEvents([]);
      }
      if (data.type === 'events' || data.type === 'lost') readAnew();
    };
    end.postMessage({ session: sessionToken() });
    const leave = () => end.postMessage('bye');
    window.addEventListener('pagehide', leave);
    return () => {
      clearTimeout(timer);
      stopWatching();
      window.removeEventListener('pagehide', leave);
      leave();
      if (end instanceof Worker) end.terminate();
    };
  }, [client]);

  const live = useMemo(
    () => ({ status, summary, points, events, signOut: () => worker.current?.postMessage('signed-out') }),
    [status, summary, points, events],
  );
  return <Context.Provider value={live}>{children}</Context.Provider>;
}

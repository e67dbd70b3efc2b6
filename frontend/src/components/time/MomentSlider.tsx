'use client';
/** The slider that rewinds the whole console. Every page shows the selected moment; the past is read-only. */
import { useCallback, useEffect, useRef, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from '@/api/client';
import type { Body } from '@/api/types';
import { clock, moment } from '@/lib/format';
import { useLive } from '@/lib/live';
import { next, positionAt, previous, useMark } from '@/lib/moments';
import { height, leap, SPANS, stretch, type Span } from '@/lib/rewind';
import { useTime } from '@/lib/time';
import { Rewind } from '@/components/time/proposing';

const BARS = 120;
const PLAY_MS = 700;
const FOLLOW_MS = 2000;
const OPTIONS = SPANS.map(({ id, text }) => ({ value: id as string, label: text }));

export function PastBanner() {
  const { at, show } = useTime();
  const mark = useMark(at);
  if (at === null) return null;
  return (
    <div className="past" data-testid="past">
      <Alert
        type="warning"
        statusIconAriaLabel="The past"
        action={
          <SpaceBetween direction="horizontal" size="xs">
            <Rewind at={at} />
            <Button onClick={() => show(null)}>Return to now</Button>
          </SpaceBetween>
        }
      >
        You are looking at {mark ? <b>{moment(mark.time)} UTC</b> : <b>position {at}</b>}: {mark?.summary}. Nothing can
        be changed here.
      </Alert>
    </div>
  );
}

/** The newest position from the stream, updated at most every two seconds: bars need not follow each event. */
function useNewest(): number {
  const newest = useLive().events[0]?.position ?? 0;
  const [seen, setSeen] = useState(newest);
  const latest = useRef(newest);
  latest.current = newest;
  const isBehind = newest !== seen;
  useEffect(() => {
    if (!isBehind) return undefined;
    const timer = setTimeout(() => setSeen(latest.current), FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [isBehind]);
  return seen;
}

function useDensity(span: Span, around: number | null) {
  const first = useRef(0);
  const { data } = useQuery({
    queryKey: ['density', span, around, useNewest()],
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    queryFn: () =>
      ask('/api/timeline/density', {
        query: { ...stretch(span, around, Date.now(), first.current), buckets: BARS },
      }),
  });
  if (span === 'all' && data?.from) first.current = Date.parse(data.from);
  return data;
}

/** Run one task at a time; of those that arrive meanwhile, only the newest. */
function useLatest() {
  const waiting = useRef<(() => Promise<void>) | null>(null);
  const isBusy = useRef(false);
  return useCallback(async (work: () => Promise<void>) => {
    waiting.current = work;
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      for (let now = waiting.current as typeof work | null; now !== null; now = waiting.current) {
        waiting.current = null;
        await now().catch(() => {});
      }
    } finally {
      isBusy.current = false;
    }
  }, []);
}

/** The state of the slider, and the ways to move it. */
function useSlider(span: Span, density: Body['Density'] | undefined) {
  const { at, show } = useTime();
  const mark = useMark(at);
  const latest = useLatest();
  const [dragged, setDragged] = useState<number | null>(null);
  const [isPlaying, setPlaying] = useState(false);
  const [begin, end] = [Date.parse(density?.from ?? ''), Date.parse(density?.to ?? '')];
  const isNewest = span === 'all' || at === null;
  const time = dragged ?? (at === null ? end : mark ? Date.parse(mark.time) : end);
  const here = useRef({ at, time, begin, end });
  here.current = { at, time, begin, end };

  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setInterval(
      () =>
        void latest(async () => {
          const { at: from, time: old, begin: first, end: last } = here.current;
          if (from === null) return setPlaying(false);
          const [one, far] = await Promise.all([
            next(from),
            leap(old, first, last) < last ? positionAt(leap(old, first, last)) : null,
          ]);
          show(one === null ? null : Math.max(one, far ?? 0));
          if (one === null) setPlaying(false);
        }),
      PLAY_MS,
    );
    return () => clearInterval(timer);
  }, [isPlaying, latest, show]);

  const seek = (to: number) => {
    setPlaying(false);
    setDragged(to);
    void latest(async () => {
      show(to >= end && isNewest ? null : await positionAt(to));
      setDragged((now) => (now === to ? null : now));
    });
  };
  const move = (by: 1 | -1) => {
    setPlaying(false);
    void latest(async () => {
      const from = here.current.at;
      show(by < 0 ? await previous(from) : from === null ? null : await next(from));
    });
  };
  const play = () => {
    const { at: from, begin: first } = here.current;
    if (isPlaying || from !== null) return setPlaying(!isPlaying);
    void latest(async () => {
      show(await positionAt(first));
      setPlaying(true);
    });
  };
  return { begin, end, time, isPlaying, seek, move, play };
}

export function MomentSlider() {
  const { at } = useTime();
  const mark = useMark(at);
  const [span, setSpan] = useState<Span>('all');
  // Around the moment at which the range was chosen: the range does not move while the slider does.
  const [around, setAround] = useState<number | null>(null);
  const density = useDensity(span, around);
  const { begin, end, time, isPlaying, seek, move, play } = useSlider(span, density);
  useEffect(() => {
    if (at === null) setAround(null);
  }, [at]);
  if (density === undefined || density.count === 0) return null;
  const most = Math.max(...density.items.map(({ count }) => count));
  const choose = (wanted: Span) => {
    setAround(mark ? Date.parse(mark.time) : null);
    setSpan(wanted);
  };
  return (
    <section className="timeline" aria-label="Rewind" data-testid="timeline">
      <SpaceBetween direction="horizontal" size="xxs">
        <Button iconName="angle-left" ariaLabel="Previous event" onClick={() => move(-1)} />
        <Button iconName={isPlaying ? 'pause' : 'play'} ariaLabel={isPlaying ? 'Pause' : 'Play'} onClick={play} />
        <Button iconName="angle-right" ariaLabel="Next event" disabled={at === null} onClick={() => move(1)} />
      </SpaceBetween>
      <div className="scrub">
        <div className="bars" aria-hidden>
          {density.items.map(({ at: begins, count, failures }, index) => (
            <i
              key={index}
              data-bad={failures > 0 || undefined}
              data-after={Date.parse(begins) > time || undefined}
              style={{ height: `${height(count, most)}%` }}
            />
          ))}
        </div>
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={at === null ? 'now' : moment(time)}
          min={begin}
          max={Math.max(end, begin + 1)}
          step="any"
          value={Math.min(Math.max(time, begin), end)}
          onChange={(event) => seek(Number(event.target.value))}
        />
      </div>
      <div className="span">
        <Select
          ariaLabel="Time range"
          options={OPTIONS}
          selectedOption={OPTIONS.find(({ value }) => value === span)!}
          expandToViewport
          onChange={({ detail }) => choose(detail.selectedOption.value as Span)}
        />
      </div>
      <output className="moment">
        {at === null ? 'Now' : clock(time)}
        <small>{at === null ? `${density.count.toLocaleString('en')} events` : moment(time).slice(0, 10)}</small>
      </output>
    </section>
  );
}

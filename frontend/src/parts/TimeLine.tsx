'use client';
/** Rewind: one slider for the whole console. Every page shows the moment it stands at, and nothing can be changed. */
import { useEffect, useMemo, useRef, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/client';
import type { CloudEvent } from '@/api/types';
import { clock, moment, toneOfEvent } from '@/lib/format';
import { bars, indexAt, indexOf, step, type Mark } from '@/lib/scrub';
import { useTime } from '@/lib/time';

const BARS = 96;
const PLAY_MS = 700;
const isBad = (type: string) => toneOfEvent(type) === 'error';

/** The newest thousand events, the oldest first: the stretch that the slider covers. */
export function useMarks(): Mark[] {
  const { data } = useQuery({
    queryKey: ['now', 'marks'],
    queryFn: () => ask<{ items: CloudEvent[] }>('/api/timeline', { query: { limit: 1000 } }),
  });
  return useMemo(
    () => (data?.items ?? []).map((event) => ({
      position: event.position, time: Date.parse(event.time), type: event.type, summary: event.summary,
    })).reverse(),
    [data],
  );
}

export function PastBanner() {
  const { at, show } = useTime();
  const marks = useMarks();
  if (at === null) return null;
  const mark = marks[indexOf(marks, at)];
  return (
    <div className="past" data-testid="past">
      <Alert type="warning" statusIconAriaLabel="The past" action={<Button onClick={() => show(null)}>Return to now</Button>}>
        You are looking at {mark ? <b>{moment(mark.time)} UTC</b> : <b>position {at}</b>}: {mark?.summary}. Nothing can be changed here.
      </Alert>
    </div>
  );
}

export function TimeLine() {
  const { at, show } = useTime();
  const marks = useMarks();
  const [isPlaying, setPlaying] = useState(false);
  const [end, setEnd] = useState(() => Date.now());
  const newest = marks.at(-1);
  useEffect(() => setEnd(Date.now()), [newest?.position]);
  const shown = useRef(at);
  shown.current = at;
  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setInterval(() => {
      const next = step(marks, shown.current, 1);
      show(next);
      if (next === null) setPlaying(false);
    }, PLAY_MS);
    return () => clearInterval(timer);
  }, [isPlaying, marks, show]);
  const begin = marks[0]?.time ?? end - 1;
  const heights = useMemo(() => bars(marks, begin, end, BARS, isBad), [marks, begin, end]);
  if (newest === undefined) return null;

  const move = (by: 1 | -1) => {
    setPlaying(false);
    show(step(marks, at, by));
  };
  const seek = (time: number) => {
    setPlaying(false);
    const found = indexAt(marks, time);
    show(found >= marks.length - 1 ? null : marks[Math.max(0, found)]!.position);
  };
  const play = () => {
    if (!isPlaying && at === null) show(marks[0]!.position);
    setPlaying(!isPlaying);
  };
  const time = at === null ? end : (marks[indexOf(marks, at)]?.time ?? begin);
  const tallest = Math.max(...heights.map((bar) => bar.count), 1);
  return (
    <section className="timeline" aria-label="Rewind" data-testid="timeline">
      <SpaceBetween direction="horizontal" size="xxs">
        <Button iconName="angle-left" ariaLabel="Previous event" onClick={() => move(-1)} />
        <Button iconName={isPlaying ? 'pause' : 'play'} ariaLabel={isPlaying ? 'Pause' : 'Play'} onClick={play} />
        <Button iconName="angle-right" ariaLabel="Next event" disabled={at === null} onClick={() => move(1)} />
      </SpaceBetween>
      <div className="scrub">
        <div className="bars" aria-hidden>
          {heights.map((bar, index) => (
            <i key={index} data-bad={bar.isBad || undefined} data-after={begin + (index / BARS) * (end - begin) > time || undefined}
              style={{ height: bar.count === 0 ? 0 : `${20 + (80 * bar.count) / tallest}%` }} />
          ))}
        </div>
        <input type="range" aria-label="Moment" aria-valuetext={at === null ? 'now' : moment(time)} min={begin} max={end} step="any"
          value={time} onChange={(event) => seek(Number(event.target.value))} />
      </div>
      <output className="moment">{at === null ? 'Now' : clock(time)}<small>{at === null ? `${marks.length} events` : moment(time).slice(0, 10)}</small></output>
    </section>
  );
}

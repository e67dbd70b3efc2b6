'use client';
import { age, local, moment } from '@/lib/format';
import { useNow } from '@/lib/now';
import { useTime } from '@/lib/time';

/** A moment in local time; UTC shows where the pointer rests. */
export function LocalTime({ at }: { at: string | null | undefined }) {
  if (at == null) return '–';
  return (
    <time className="line" dateTime={at} title={`${moment(at)} UTC`}>
      {local(at)}
    </time>
  );
}

/** How long ago a moment was; both times show where the pointer rests. A page that shows the past shows the time. */
export function Age({ at }: { at: string }) {
  const now = useNow();
  const { at: past } = useTime();
  if (past !== null) return <LocalTime at={at} />;
  return (
    <time className="line" dateTime={at} title={`${local(at)} (${moment(at)} UTC)`}>
      {age(at, now)} ago
    </time>
  );
}

'use client';
import { local, moment } from '@/lib/format';

/** A moment in local time; UTC shows where the pointer rests. */
export function LocalTime({ at }: { at: string | null | undefined }) {
  if (at == null) return '–';
  return (
    <time className="line" dateTime={at} title={`${moment(at)} UTC`}>
      {local(at)}
    </time>
  );
}

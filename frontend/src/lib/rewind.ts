/** The logic of the moment slider: the time range it covers, and the target of a step or of playback. */

export const SPANS = [
  { id: 'all', text: 'All', ms: null },
  { id: 'week', text: '1 week', ms: 604_800_000 },
  { id: 'day', text: '1 day', ms: 86_400_000 },
  { id: 'hour', text: '1 h', ms: 3_600_000 },
  { id: 'minutes', text: '5 min', ms: 300_000 },
] as const;
export type Span = (typeof SPANS)[number]['id'];

/** The time range to request: the end of the history, or around the selected moment. Null means no bound. */
export function stretch(
  span: Span,
  shown: number | null,
  now: number,
  first: number,
): { from: string | null; to: string | null } {
  const ms = SPANS.find(({ id }) => id === span)!.ms;
  if (ms === null) return { from: null, to: null };
  const to = shown === null ? now : Math.min(now, shown + ms / 2);
  // What lies before the first event is no part of the history, and of a bundle it is refused.
  return {
    from: to - ms <= first ? null : new Date(to - ms).toISOString(),
    to: shown === null || to === now ? null : new Date(to).toISOString(),
  };
}

/** Height of a bar in percent, logarithmic so that small counts stay visible. */
export const height = (count: number, most: number): number =>
  count === 0 ? 0 : 15 + (85 * Math.log1p(count)) / Math.log1p(Math.max(1, most));

/** The next time of playback: a hundredth of the range further. */
export function leap(time: number, from: number, to: number): number {
  return time + Math.max(1, to - from) / 100;
}

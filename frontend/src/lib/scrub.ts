/** The time slider without its looks: the stretch that it covers, and where a step or the play leads. */

export type Part = { at: string; after: number; count: number; failures: number };
export type Density = { from: string | null; to: string | null; count: number; items: Part[]; position: number };

export const SPANS = [
  { id: 'all', text: 'All', ms: null },
  { id: 'week', text: '1 week', ms: 604_800_000 },
  { id: 'day', text: '1 day', ms: 86_400_000 },
  { id: 'hour', text: '1 h', ms: 3_600_000 },
  { id: 'minutes', text: '5 min', ms: 300_000 },
] as const;
export type Span = (typeof SPANS)[number]['id'];

/** Which stretch is asked for: the end of the history, or around the moment that is shown. Null means no bound. */
export function stretch(span: Span, shown: number | null, now: number, first: number): { from: string | null; to: string | null } {
  const ms = SPANS.find(({ id }) => id === span)!.ms;
  if (ms === null) return { from: null, to: null };
  const to = shown === null ? now : Math.min(now, shown + ms / 2);
  // What lies before the first event is no part of the history, and of a bundle it is refused.
  return { from: to - ms <= first ? null : new Date(to - ms).toISOString(), to: shown === null || to === now ? null : new Date(to).toISOString() };
}

/** Height of a bar in percent: what is there is seen, however much there is elsewhere. */
export const height = (count: number, most: number): number => (count === 0 ? 0 : 15 + (85 * Math.log1p(count)) / Math.log1p(Math.max(1, most)));

/** From event to event where they are few, and a hundredth of the stretch at a time where they are many. */
export function leap(time: number, from: number, to: number): number {
  return time + Math.max(1, to - from) / 100;
}

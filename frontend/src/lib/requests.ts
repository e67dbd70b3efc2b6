/** Groups events by the request that caused them. The command `cloud timeline` groups the same way. */
import type { CloudEvent } from '@/api/types';

/** An event that follows later than this starts its own group: a crash weeks after a launch. */
const GAP_MS = 60_000;

/** The first event of a request, and what it led to, oldest first. */
export type Group = { event: CloudEvent; follows: CloudEvent[] };

/** Groups of events, the newest group first. Events of generated parts never lead a group that has others. */
export function grouped(events: CloudEvent[]): Group[] {
  const groups: CloudEvent[][] = [];
  const last = new Map<string, CloudEvent[]>();
  for (const event of events.toSorted((a, b) => a.position - b.position)) {
    const known = event.correlationid === null ? undefined : last.get(event.correlationid);
    if (known && Date.parse(event.time) - Date.parse(known.at(-1)!.time) <= GAP_MS) {
      known.push(event);
      continue;
    }
    const fresh = [event];
    groups.push(fresh);
    if (event.correlationid !== null) last.set(event.correlationid, fresh);
  }
  return groups.toSorted((a, b) => b.at(-1)!.position - a.at(-1)!.position).map(led);
}

function led(events: CloudEvent[]): Group {
  const head = events.find((event) => !event.ispart) ?? events[0]!;
  return { event: head, follows: events.filter((event) => event !== head) };
}

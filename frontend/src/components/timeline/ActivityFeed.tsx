'use client';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { CloudEvent } from '@/api/types';
import { pageOf } from '@/resources';
import { local, moment, toneOfEvent } from '@/lib/format';
import { Link } from '@/components/display/Link';

/** Who did what, and why: each line links to its resource. */
export function ActivityFeed({ events }: { events: CloudEvent[] }) {
  return (
    <ul className="feed" aria-label="Activity" tabIndex={0} data-testid="feed">
      {events.map((event) => (
        <Line key={event.position} event={event} />
      ))}
    </ul>
  );
}

function Line({ event }: { event: CloudEvent }) {
  const page = pageOf(event.resourcekind, event.subject);
  const why = event.causationid === null ? '' : `, because of event ${event.causationid}`;
  return (
    <li>
      <StatusIndicator type={toneOfEvent(event.type)}>
        <span className="whole">{page ? <Link to={page}>{event.summary}</Link> : event.summary}</span>
      </StatusIndicator>
      <small title={`${moment(event.time)} UTC`}>
        {local(event.time).slice(11)} · {event.actorname ?? event.actor}
        {why} · {event.type}
      </small>
    </li>
  );
}

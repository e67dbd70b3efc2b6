'use client';
import { useDeferredValue, useMemo, useState } from 'react';
import { useInfiniteQuery } from '@tanstack/react-query';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { ask, type Problem } from '@/api/client';
import type { Body, CloudEvent } from '@/api/types';
import { pageOf } from '@/resources';
import { toneOfEvent } from '@/lib/format';
import { grouped } from '@/lib/requests';
import { useTime } from '@/lib/time';
import { useMedia } from '@/lib/window';
import { EventFilters, NOTHING, type Filter } from '@/components/timeline/EventFilters';
import { Link } from '@/components/display/Link';
import { Undo } from '@/components/time/proposing';
import { LocalTime } from '@/components/display/LocalTime';

type Page = Body['EventPage'];

export default function Timeline() {
  const { at, show } = useTime();
  const [filter, setFilter] = useState<Filter>(NOTHING);
  const wanted = useDeferredValue(filter);
  const query = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, value === '' ? null : value]));
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, isPending } = useInfiniteQuery<Page, Problem>({
    queryKey: [at === null ? 'now' : 'then', 'timeline', wanted, at],
    queryFn: ({ pageParam }) =>
      ask('/api/timeline', { query: { ...query, as_of: at, limit: 100, cursor: pageParam as string | null } }),
    initialPageParam: null,
    getNextPageParam: (last) => last.next_cursor,
    retry: false,
  });
  const isNarrow = useMedia('(max-width: 699px)');
  const groups = useMemo(() => grouped(data?.pages.flatMap(({ items }) => items) ?? []), [data]);
  const follows = useMemo(() => new Map(groups.map((group) => [group.event.id, group.follows])), [groups]);
  const isRequest = ({ id, actor }: CloudEvent) => follows.has(id) && !actor.startsWith('system:');
  const [open, setOpen] = useState<CloudEvent[]>([]);
  const toggle = (event: CloudEvent, isOpen: boolean) =>
    setOpen((old) => (isOpen ? [...old, event] : old.filter(({ id }) => id !== event.id)));
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        description="Everything that happened, by request: who did it, and what it led to. The newest first, in local time."
      >
        Timeline
      </Header>
      <EventFilters filter={filter} change={setFilter} />
      {error && <Alert type="info">{error.detail}</Alert>}
      <Table<CloudEvent>
        variant="container"
        contentDensity="compact"
        wrapLines
        loading={isPending}
        loadingText="Loading"
        items={groups.map(({ event }) => event)}
        expandableRows={{
          getItemChildren: ({ id }) => follows.get(id) ?? [],
          isItemExpandable: ({ id }) => (follows.get(id) ?? []).length > 0,
          expandedItems: open,
          onExpandableItemToggle: ({ detail }) => toggle(detail.item, detail.expanded),
        }}
        empty="Nothing happened that fits"
        trackBy="id"
        ariaLabels={{ tableLabel: 'Events' }}
        columnDisplay={['position', 'time', 'what', 'resource', 'who', 'rewind'].map((id) => ({
          id,
          visible: !isNarrow || id === 'what' || id === 'rewind',
        }))}
        columnDefinitions={[
          { id: 'position', header: 'Position', cell: (each) => each.position, width: 90 },
          { id: 'time', header: 'Time', cell: (each) => <LocalTime at={each.time} />, width: 170 },
          {
            id: 'what',
            header: 'What',
            isRowHeader: true,
            minWidth: 190,
            cell: (each) => (
              <>
                <StatusIndicator type={toneOfEvent(each.type)}>
                  <span className="whole">{each.summary}</span>
                </StatusIndicator>
                <div className="soft small">
                  {isNarrow && (
                    <>
                      <LocalTime at={each.time} /> · {each.actorname ?? each.actor} ·{' '}
                    </>
                  )}
                  {each.type}
                  <More count={follows.get(each.id)?.length ?? 0} />
                </div>
              </>
            ),
          },
          {
            id: 'resource',
            header: 'Resource',
            width: 160,
            cell: (each) => {
              const page = pageOf(each.resourcekind, each.subject);
              return page ? (
                <Link to={page}>{each.resourcename ?? each.subject}</Link>
              ) : (
                (each.resourcename ?? each.subject)
              );
            },
          },
          { id: 'who', header: 'Who', width: 140, cell: (each) => each.actorname ?? each.actor },
          {
            id: 'rewind',
            header: 'Rewind',
            width: 130,
            cell: (each) => (
              <SpaceBetween size="xxxs">
                <Button
                  variant="inline-link"
                  ariaLabel={`Show then: position ${each.position}`}
                  onClick={() => show(each.position)}
                >
                  <span className="line">Show then</span>
                </Button>
                {isRequest(each) && <Undo position={each.position} />}
              </SpaceBetween>
            ),
          },
        ]}
        footer={
          hasNextPage && (
            <Box textAlign="center">
              <Button loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Earlier events
              </Button>
            </Box>
          )
        }
      />
    </SpaceBetween>
  );
}

function More({ count }: { count: number }) {
  return (
    count > 0 && (
      <>
        {' '}
        · led to {count} more {count === 1 ? 'event' : 'events'}
      </>
    )
  );
}

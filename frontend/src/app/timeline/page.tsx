'use client';
import { useDeferredValue, useState } from 'react';
import { useInfiniteQuery } from '@tanstack/react-query';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { ask, type Problem } from '@/api/client';
import type { CloudEvent } from '@/api/types';
import { pageOf } from '@/kinds';
import { moment, toneOfEvent } from '@/lib/format';
import { useTime } from '@/lib/time';
import { useMedia } from '@/lib/window';
import { Filters, NOTHING, type Filter } from '@/parts/Filters';
import { Go } from '@/parts/Go';

type Page = { items: CloudEvent[]; next_cursor: string | null };

export default function Timeline() {
  const { at, show } = useTime();
  const [filter, setFilter] = useState<Filter>(NOTHING);
  const wanted = useDeferredValue(filter);
  const query = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, value === '' ? null : value]));
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, isPending } = useInfiniteQuery<Page, Problem>({
    queryKey: [at === null ? 'now' : 'then', 'timeline', wanted, at],
    queryFn: ({ pageParam }) => ask<Page>('/api/timeline', { query: { ...query, as_of: at, limit: 100, cursor: pageParam as string | null } }),
    initialPageParam: null,
    getNextPageParam: (last) => last.next_cursor,
    retry: false,
  });
  const isNarrow = useMedia('(max-width: 699px)');
  const events = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description="Everything that happened, who did it and why; the newest first.">Timeline</Header>
      <Filters filter={filter} change={setFilter} />
      {error && <Alert type="info">{error.detail}</Alert>}
      <Table<CloudEvent> variant="container" contentDensity="compact" wrapLines loading={isPending} loadingText="Loading" items={events}
        empty="Nothing happened that fits" trackBy="id" ariaLabels={{ tableLabel: 'Events' }}
        columnDisplay={['position', 'time', 'what', 'resource', 'who', 'rewind'].map((id) => ({ id, visible: !isNarrow || id === 'what' || id === 'rewind' }))}
        columnDefinitions={[
          { id: 'position', header: 'Position', cell: (each) => each.position, width: 90 },
          { id: 'time', header: 'Time (UTC)', cell: (each) => <span className="line">{moment(each.time)}</span>, width: 170 },
          { id: 'what', header: 'What', isRowHeader: true, minWidth: 190, cell: (each) =>
            <><StatusIndicator type={toneOfEvent(each.type)}><span className="whole">{each.summary}</span></StatusIndicator><div className="soft small">{isNarrow && <>{moment(each.time)} · {each.actorname ?? each.actor} · </>}{each.type}</div></> },
          { id: 'resource', header: 'Resource', width: 160, cell: (each) => {
            const page = pageOf(each.resourcekind, each.subject);
            return page ? <Go to={page}>{each.resourcename ?? each.subject}</Go> : (each.resourcename ?? each.subject);
          } },
          { id: 'who', header: 'Who', width: 140, cell: (each) => each.actorname ?? each.actor },
          { id: 'rewind', header: 'Rewind', width: 130, cell: (each) =>
            <Button variant="inline-link" ariaLabel={`Show then: position ${each.position}`} onClick={() => show(each.position)}><span className="line">Show then</span></Button> },
        ]}
        footer={hasNextPage && <Box textAlign="center"><Button loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>Earlier events</Button></Box>} />
    </SpaceBetween>
  );
}

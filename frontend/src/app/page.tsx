'use client';
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ask } from '@/api/client';
import type { Point, Summary } from '@/api/types';
import { byKind, KINDS, pageOf } from '@/resources';
import { useLive } from '@/lib/live';
import { joined, stored } from '@/lib/points';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { ActivityFeed } from '@/components/timeline/ActivityFeed';
import { Link } from '@/components/display/Link';
import { RealtimeChart, type Series } from '@/components/charts/RealtimeChart';
import { FirstSteps, isEmpty } from '@/components/dashboard/FirstSteps';
import { ResourceCard, type Count } from '@/components/dashboard/ResourceCard';

const BUSIEST = 5;
const FIRST = 3;
const SPAN_MS = 600_000;
const NONE: Count = { total: 0, by_status: {} };

export default function Dashboard() {
  const { at } = useTime();
  const live = useLive();
  const read = useRead('/api/dashboard/summary');
  const events = useRead('/api/dashboard/events', { query: { limit: 50 } });
  const points = usePoints();
  const summary = at === null ? (live.summary ?? read.data) : read.data;
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="What there is, what it does and what happened, as it happens.">
        Dashboard
      </Header>
      <Problems problems={summary?.problems ?? []} />
      {at === null && summary && isEmpty(summary) && <FirstSteps />}
      <div className="cards">
        {KINDS.map((kind) => (
          <ResourceCard key={kind.kind} kind={kind} count={summary && (summary.counts[kind.kind] ?? NONE)} />
        ))}
      </div>
      <div className="two">
        <SpaceBetween size="l">
          <Host points={points} />
          <Busiest points={points} />
        </SpaceBetween>
        <div className="fills">
          <Container
            fitHeight
            header={
              <Header variant="h2" description={at === null ? 'As it happens' : 'Up to this moment'}>
                Activity
              </Header>
            }
          >
            <ActivityFeed events={events.data?.items ?? []} />
          </Container>
        </div>
      </div>
    </SpaceBetween>
  );
}

/** The last ten minutes: read once, when the page is opened, then from the stream. */
function usePoints(): Point[] {
  const { points } = useLive();
  const { data } = useQuery({
    queryKey: ['before', 'stats'],
    staleTime: Infinity,
    gcTime: 0,
    queryFn: async () =>
      stored(await ask('/api/dashboard/stats', { query: { from: new Date(Date.now() - SPAN_MS).toISOString() } })),
  });
  return useMemo(() => joined(data ?? [], points), [data, points]);
}

function Problems({ problems }: { problems: Summary['problems'] }) {
  const [isWhole, setWhole] = useState(false);
  if (problems.length === 0) return null;
  const shown = isWhole ? problems : problems.slice(0, FIRST);
  return (
    <Alert
      type="error"
      header={`${problems.length} ${problems.length === 1 ? 'resource needs' : 'resources need'} attention`}
      action={
        problems.length > FIRST && <Button onClick={() => setWhole(!isWhole)}>{isWhole ? 'Fewer' : 'All'}</Button>
      }
    >
      <ul className="problems">
        {shown.map(({ id, kind, name, status, status_reason: reason }) => {
          const page = pageOf(kind, id);
          return (
            <li key={id}>
              {page ? <Link to={page}>{name}</Link> : name} ({byKind(kind)?.one ?? kind}): {reason ?? status}
            </li>
          );
        })}
      </ul>
    </Alert>
  );
}

function Host({ points }: { points: Point[] }) {
  const series = useMemo<Series[]>(() => {
    const of = (name: 'cpu_percent' | 'memory_percent') =>
      points.map((point) => ({ x: Date.parse(point.at), y: point.host?.[name] ?? null }));
    return [
      { name: 'CPU', points: of('cpu_percent') },
      { name: 'Memory', points: of('memory_percent') },
    ];
  }, [points]);
  return (
    <Container
      header={
        <Header variant="h2" description="The last ten minutes; always now">
          The host
        </Header>
      }
    >
      <RealtimeChart title="CPU and memory of the host" series={series} most={100} spanMs={SPAN_MS} />
    </Container>
  );
}

function Busiest({ points }: { points: Point[] }) {
  const [figure, setFigure] = useState<'cpu_percent' | 'memory_percent'>('cpu_percent');
  const series = useMemo<Series[]>(() => {
    const now = Object.entries(points.at(-1)?.resources ?? {});
    return now
      .sort(([, a], [, b]) => (b[figure] ?? 0) - (a[figure] ?? 0))
      .slice(0, BUSIEST)
      .map(([id, { name }]) => ({
        name,
        points: points.map((point) => ({ x: Date.parse(point.at), y: point.resources[id]?.[figure] ?? null })),
      }));
  }, [points, figure]);
  const choice = (
    <SegmentedControl
      label="Which figure"
      selectedId={figure}
      onChange={({ detail }) => setFigure(detail.selectedId as typeof figure)}
      options={[
        { id: 'cpu_percent', text: 'CPU' },
        { id: 'memory_percent', text: 'Memory' },
      ]}
    />
  );
  return (
    <Container
      header={
        <Header variant="h2" actions={choice} description="Of what each may use">
          The busiest
        </Header>
      }
    >
      <RealtimeChart title="The busiest resources" series={series} spanMs={SPAN_MS} />
    </Container>
  );
}

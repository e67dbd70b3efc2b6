'use client';
import { useMemo, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { CloudEvent, Point, Summary } from '@/api/types';
import { byKind, KINDS, pageOf } from '@/kinds';
import { useLive } from '@/lib/live';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { ActivityFeed } from '@/parts/ActivityFeed';
import { Go } from '@/parts/Go';
import { RealtimeChart, type Series } from '@/parts/RealtimeChart';
import { ResourceCard, type Count } from '@/parts/ResourceCard';

const BUSIEST = 5;
const FIRST = 3;
const NONE: Count = { total: 0, by_status: {} };

export default function Dashboard() {
  const { at } = useTime();
  const live = useLive();
  const read = useRead<Summary>('/api/dashboard/summary');
  const events = useRead<{ items: CloudEvent[] }>('/api/dashboard/events', { query: { limit: 50 } });
  const summary = at === null ? (live.summary ?? read.data) : read.data;
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description="What there is, what it does and what happened, as it happens.">Dashboard</Header>
      <Problems problems={summary?.problems ?? []} />
      <div className="cards">
        {KINDS.map((kind) => <ResourceCard key={kind.kind} kind={kind} count={summary && (summary.counts[kind.kind] ?? NONE)} />)}
      </div>
      <div className="two">
        <SpaceBetween size="l"><Host points={live.points} /><Busiest points={live.points} /></SpaceBetween>
        <div className="fills">
          <Container fitHeight header={<Header variant="h2" description={at === null ? 'As it happens' : 'Up to this moment'}>Activity</Header>}>
            <ActivityFeed events={events.data?.items ?? []} />
          </Container>
        </div>
      </div>
    </SpaceBetween>
  );
}

function Problems({ problems }: { problems: Summary['problems'] }) {
  const [isWhole, setWhole] = useState(false);
  if (problems.length === 0) return null;
  const shown = isWhole ? problems : problems.slice(0, FIRST);
  return (
    <Alert type="error" header={`${problems.length} ${problems.length === 1 ? 'resource needs' : 'resources need'} attention`}
      action={problems.length > FIRST && <Button onClick={() => setWhole(!isWhole)}>{isWhole ? 'Fewer' : 'All'}</Button>}>
      <ul className="problems">
        {shown.map(({ id, kind, name, status, status_reason: reason }) => {
          const page = pageOf(kind, id);
          return <li key={id}>{page ? <Go to={page}>{name}</Go> : name} ({byKind(kind)?.one ?? kind}): {reason ?? status}</li>;
        })}
      </ul>
    </Alert>
  );
}

function Host({ points }: { points: Point[] }) {
  const series = useMemo<Series[]>(() => {
    const of = (name: 'cpu_percent' | 'memory_percent') => points.map((point) => ({ x: Date.parse(point.at), y: point.host[name] }));
    return [{ name: 'CPU', points: of('cpu_percent') }, { name: 'Memory', points: of('memory_percent') }];
  }, [points]);
  return (
    <Container header={<Header variant="h2" description="One point a second, the last ten minutes; always now">The host</Header>}>
      <RealtimeChart title="CPU and memory of the host" series={series} most={100} spanMs={600_000} />
    </Container>
  );
}

function Busiest({ points }: { points: Point[] }) {
  const [figure, setFigure] = useState<'cpu_percent' | 'memory_percent'>('cpu_percent');
  const series = useMemo<Series[]>(() => {
    const now = Object.entries(points.at(-1)?.resources ?? {});
    return now.sort(([, a], [, b]) => (b[figure] ?? 0) - (a[figure] ?? 0)).slice(0, BUSIEST).map(([id, { name }]) => ({
      name, points: points.map((point) => ({ x: Date.parse(point.at), y: point.resources[id]?.[figure] ?? null })),
    }));
  }, [points, figure]);
  const choice = (
    <SegmentedControl label="Which figure" selectedId={figure} onChange={({ detail }) => setFigure(detail.selectedId as typeof figure)}
      options={[{ id: 'cpu_percent', text: 'CPU' }, { id: 'memory_percent', text: 'Memory' }]} />
  );
  return (
    <Container header={<Header variant="h2" actions={choice} description="Of what each may use">The busiest</Header>}>
      <RealtimeChart title="The busiest resources" series={series} spanMs={600_000} />
    </Container>
  );
}

'use client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ask, type Problem } from '@/api/client';
import { useMark } from '@/lib/moments';
import { useTime } from '@/lib/time';
import type { TabProps } from '@/resources/types';
import { RealtimeChart, type Series } from '@/components/charts/RealtimeChart';

type Point = { at: string } & Record<string, number | string | null>;
type Figure = {
  title: string;
  about: string;
  unit: string;
  names: Record<string, string>;
  scale?: number;
  most?: number;
};

const SPANS = [
  { id: '300', text: '5 min' },
  { id: '3600', text: '1 h' },
  { id: '86400', text: '1 day' },
  { id: '604800', text: '1 week' },
];
const USE: Figure[] = [
  { title: 'CPU', about: 'Percentage of the CPU limit', unit: '%', names: { cpu_percent: 'CPU' } },
  {
    title: 'Memory',
    about: 'Percentage of the memory limit',
    unit: '%',
    names: { memory_percent: 'Memory' },
    most: 100,
  },
  {
    title: 'Network',
    about: 'KiB a second',
    unit: '',
    scale: 1024,
    names: { network_rx_bytes_per_s: 'received', network_tx_bytes_per_s: 'sent' },
  },
  {
    title: 'Disk',
    about: 'KiB a second',
    unit: '',
    scale: 1024,
    names: { block_read_bytes_per_s: 'read', block_write_bytes_per_s: 'written' },
  },
];
const TRAFFIC: Figure[] = [
  {
    title: 'Requests',
    about: 'A second',
    unit: '',
    names: { requests_per_s: 'requests', responses_5xx_per_s: '5xx', responses_4xx_per_s: '4xx' },
  },
  { title: 'Latency', about: 'Milliseconds, the mean', unit: ' ms', names: { latency_ms: 'latency' } },
  { title: 'Sessions', about: 'Requests or connections under way', unit: '', names: { sessions: 'sessions' } },
  {
    title: 'Bytes',
    about: 'KiB a second',
    unit: '',
    scale: 1024,
    names: { bytes_in_per_s: 'in', bytes_out_per_s: 'out' },
  },
];

export const Metrics = (props: TabProps) => <Charts {...props} figures={USE} />;
export const Traffic = (props: TabProps) => <Charts {...props} figures={TRAFFIC} />;

function Charts({ kind, document, figures }: TabProps & { figures: Figure[] }) {
  const [span, setSpan] = useState('300');
  const seconds = Number(span);
  const { at } = useTime();
  const mark = useMark(at);
  const { data, error } = useQuery<{ points: Point[] }, Problem>({
    queryKey: ['figures', kind.metrics, document.id, span, at, mark?.time],
    queryFn: () => {
      const from = new Date((mark ? Date.parse(mark.time) : Date.now()) - seconds * 1000).toISOString();
      return ask(kind.metrics!, {
        in: { id_or_name: document.id },
        query: { from, as_of: at, step: Math.max(1, Math.round(seconds / 300)) },
      });
    },
    enabled: at === null || mark !== undefined,
    placeholderData: keepPreviousData,
    refetchInterval: at !== null ? false : seconds > 3600 ? 30_000 : 2_000,
  });
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <SpaceBetween size="m">
      <SegmentedControl
        label="How long"
        selectedId={span}
        options={SPANS}
        onChange={({ detail }) => setSpan(detail.selectedId)}
      />
      <div className="two even">
        {figures.map((figure) => (
          <OneChart key={figure.title} figure={figure} points={data?.points ?? []} />
        ))}
      </div>
    </SpaceBetween>
  );
}

function OneChart({ figure, points }: { figure: Figure; points: Point[] }) {
  const series = useMemo<Series[]>(
    () =>
      Object.entries(figure.names).map(([key, name]) => ({
        name,
        points: points.map((point) => ({
          x: Date.parse(point.at),
          y: typeof point[key] === 'number' ? point[key] / (figure.scale ?? 1) : null,
        })),
      })),
    [figure, points],
  );
  return (
    <Container
      header={
        <Header variant="h3" description={figure.about}>
          {figure.title}
        </Header>
      }
    >
      <RealtimeChart title={figure.title} series={series} unit={figure.unit} most={figure.most} />
    </Container>
  );
}

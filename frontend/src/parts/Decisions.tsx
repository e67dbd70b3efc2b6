'use client';
import { useMemo } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { Document } from '@/api/types';
import { moment } from '@/lib/format';
import { useRead } from '@/lib/reading';
import type { TabProps } from './Detail';
import { RealtimeChart, type Series } from './RealtimeChart';

type Told = { value: number | null; desired: number; reason: string };
type Decision = {
  position: number; at: string; action: string; desired_before?: number; desired: number; reason: string; policy: string | null;
  evidence?: { policies?: Record<string, Told> };
};
type Policy = { type: string; target?: number };

/** What was decided, on which numbers: what was measured, the target, and how many instances were wanted. */
export function Decisions({ document }: TabProps) {
  const { data, error, isPending } = useRead<{ items: Decision[] }>(
    '/api/scaling-groups/{id_or_name}/decisions', { in: { id_or_name: document.id }, query: { limit: 200 } });
  const items = data?.items ?? [];
  const series = useMemo(() => seriesOf(document, data?.items ?? []), [document, data]);
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <SpaceBetween size="l">
      {items.length > 0 && (
        <div className="two even">
          <Container header={<Header variant="h3" description="In percent, with the target">Measured</Header>}><RealtimeChart title="Measured" series={series.measured} /></Container>
          <Container header={<Header variant="h3" description="After each decision">Desired instances</Header>}><RealtimeChart title="Desired instances" series={series.desired} unit="" isWhole /></Container>
        </div>
      )}
      <Table<Decision> variant="container" contentDensity="compact" wrapLines loading={isPending} loadingText="Loading" items={items}
        ariaLabels={{ tableLabel: 'Decisions' }} empty="No decision yet: a group without policies keeps what is desired"
        columnDefinitions={[
          { id: 'at', header: 'Time (UTC)', cell: (each) => moment(each.at), minWidth: 175 },
          { id: 'action', header: 'Action', cell: (each) => each.action, width: 110 },
          { id: 'desired', header: 'Desired', cell: (each) => `${each.desired_before ?? ''} → ${each.desired}`, width: 110 },
          { id: 'policy', header: 'Policy', cell: (each) => each.policy ?? '–', width: 140 },
          { id: 'measured', header: 'Measured', width: 160, cell: (each) =>
            Object.entries(each.evidence?.policies ?? {}).map(([name, { value }]) => `${name} ${value?.toFixed(1) ?? '–'}`).join(', ') || '–' },
          { id: 'reason', header: 'Why', cell: (each) => each.reason, isRowHeader: true, minWidth: 260 },
        ]} />
    </SpaceBetween>
  );
}

function seriesOf(document: Document, newestFirst: Decision[]): { measured: Series[]; desired: Series[] } {
  const items = newestFirst.toReversed();
  const times = items.map(({ at }) => Date.parse(at));
  const policies = Object.entries(document.spec.policies as Record<string, Policy>);
  const names = [...new Set(items.flatMap((each) => Object.keys(each.evidence?.policies ?? {})))];
  const measured = names.map((name) => ({
    name, points: items.map((each, index) => ({ x: times[index]!, y: each.evidence?.policies?.[name]?.value ?? null })),
  }));
  const targets = policies.filter(([, { target }]) => target !== undefined).map(([name, { target }]) => ({
    name: `target of ${name}`, points: times.map((x) => ({ x, y: target! })),
  }));
  // A step: the old number holds until the moment of the decision.
  const steps = items.flatMap((each, index) => [
    { x: times[index]! - 1, y: each.desired_before ?? each.desired }, { x: times[index]!, y: each.desired },
  ]);
  return { measured: [...measured, ...targets], desired: [{ name: 'desired', points: steps }] };
}

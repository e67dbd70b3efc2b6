'use client';
import { useMemo } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { typed, type Body, type Document } from '@/api/types';
import { useRead } from '@/lib/reading';
import type { TabProps } from '@/resources/types';
import { RealtimeChart, type Series } from '@/components/charts/RealtimeChart';
import { LocalTime } from '@/components/display/LocalTime';

type Decision = Body['Decision'];

/** Scaling decisions with their evidence: measured value, target, and desired capacity. */
export function Decisions({ document }: TabProps) {
  const { data, error, isPending } = useRead('/api/scaling-groups/{id_or_name}/decisions', {
    in: { id_or_name: document.id },
    query: { limit: 200 },
  });
  const items = data?.items ?? [];
  const series = useMemo(() => seriesOf(document, data?.items ?? []), [document, data]);
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <SpaceBetween size="l">
      {items.length > 0 && (
        <div className="two even">
          <Container
            header={
              <Header variant="h3" description="In percent, with the target">
                Measured
              </Header>
            }
          >
            <RealtimeChart title="Measured" series={series.measured} />
          </Container>
          <Container
            header={
              <Header variant="h3" description="After each decision">
                Desired instances
              </Header>
            }
          >
            <RealtimeChart title="Desired instances" series={series.desired} unit="" isWhole />
          </Container>
        </div>
      )}
      <Table<Decision>
        variant="container"
        contentDensity="compact"
        wrapLines
        loading={isPending}
        loadingText="Loading"
        items={items}
        ariaLabels={{ tableLabel: 'Decisions' }}
        empty="No decision yet: a group without policies keeps what is desired"
        columnDefinitions={[
          { id: 'at', header: 'Time', cell: (each) => <LocalTime at={each.at} />, minWidth: 175 },
          { id: 'action', header: 'Action', cell: (each) => each.action, width: 110 },
          {
            id: 'desired',
            header: 'Desired',
            cell: (each) => `${each.desired_before ?? ''} → ${each.desired}`,
            width: 110,
          },
          { id: 'policy', header: 'Policy', cell: (each) => each.policy ?? '–', width: 140 },
          {
            id: 'measured',
            header: 'Measured',
            width: 160,
            cell: (each) =>
              Object.entries(each.evidence?.policies ?? {})
                .map(([name, { value }]) => `${name} ${value?.toFixed(1) ?? '–'}`)
                .join(', ') || '–',
          },
          { id: 'reason', header: 'Why', cell: (each) => each.reason, isRowHeader: true, minWidth: 260 },
        ]}
      />
    </SpaceBetween>
  );
}

function seriesOf(document: Document, newestFirst: Decision[]): { measured: Series[]; desired: Series[] } {
  const items = newestFirst.toReversed();
  const times = items.map(({ at }) => Date.parse(at));
  const policies = Object.entries(typed('scaling_group', document).spec.policies);
  const names = [...new Set(items.flatMap((each) => Object.keys(each.evidence?.policies ?? {})))];
  const measured = names.map((name) => ({
    name,
    points: items.map((each, index) => ({ x: times[index]!, y: each.evidence?.policies?.[name]?.value ?? null })),
  }));
  const targets = policies.flatMap(([name, policy]) =>
    policy.type === 'target-tracking'
      ? [{ name: `target of ${name}`, points: times.map((x) => ({ x, y: policy.target })) }]
      : [],
  );
  // A step: the old number holds until the moment of the decision.
  const steps = items.flatMap((each, index) => [
    { x: times[index]! - 1, y: each.desired_before ?? each.desired },
    { x: times[index]!, y: each.desired },
  ]);
  return { measured: [...measured, ...targets], desired: [{ name: 'desired', points: steps }] };
}

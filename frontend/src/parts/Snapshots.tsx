'use client';
/** When snapshots of a volume are taken by the clock, and every snapshot that holds it. */
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { Document } from '@/api/types';
import { schedule, unschedule } from '@/kinds/volume';
import { bytes, moment } from '@/lib/format';
import { useList } from '@/lib/reading';
import { ActionButton } from './Actions';
import type { TabProps } from './Detail';
import { Go } from './Go';
import { Status } from './Status';

type Policy = { schedule: string; retention_days: number; retention_count: number | null };
type Missed = { due_at: string; count: number; reason: string };

export function Snapshots({ kind, document }: TabProps) {
  const policy = document.spec.snapshot_policy as Policy | null;
  const missed = document.observed.missed_snapshot as Missed | null;
  const { data = [], error, isPending } = useList('/api/snapshots');
  const clocked = new Set(((document.observed.snapshots ?? []) as { id: string }[]).map(({ id }) => id));
  const taken = data.filter(({ spec }) => ((spec.volumes ?? []) as { id: string }[]).some(({ id }) => id === document.id));
  return (
    <SpaceBetween size="l">
      <Container header={
        <Header variant="h2" description="They are dropped when their time is up" actions={
          <SpaceBetween direction="horizontal" size="xs">
            {policy && <ActionButton kind={kind} document={document} action={unschedule} />}
            <ActionButton kind={kind} document={document} action={{ ...schedule, label: policy ? 'Change the schedule' : schedule.label }} />
          </SpaceBetween>}>By the clock</Header>}>
        <KeyValuePairs columns={3} items={policy ? [
          { label: 'When (UTC)', value: policy.schedule },
          { label: 'Days kept', value: policy.retention_days },
          { label: 'At most', value: policy.retention_count ?? 'any number' },
        ] : [{ label: 'When', value: 'never: snapshots are taken by hand only' }]} />
        {missed && <Alert type="warning">{missed.count} missed, up to {moment(missed.due_at)}: {missed.reason}</Alert>}
      </Container>
      {error && <Alert type="error">{error.detail}</Alert>}
      <Table<Document> variant="container" contentDensity="compact" items={taken} loading={isPending} loadingText="Loading" ariaLabels={{ tableLabel: 'Snapshots' }} trackBy="id"
        empty="None yet: take one on the page Snapshots" header={<Header variant="h2" counter={`(${taken.length})`}>Snapshots of this volume</Header>}
        columnDefinitions={[
          { id: 'name', header: 'Snapshot', isRowHeader: true, cell: (each) => <Go to={`/snapshots/detail/?id=${each.id}`}>{each.name}</Go> },
          { id: 'status', header: 'Status', cell: (each) => <Status status={each.status} reason={each.status_reason} /> },
          { id: 'taken', header: 'Taken (UTC)', cell: (each) => moment(each.observed.taken_at as string | null) },
          { id: 'size', header: 'Size', cell: (each) => bytes(each.observed.bytes as number | null) },
          { id: 'by', header: 'By', cell: (each) => (clocked.has(each.id) ? 'the clock' : 'hand') },
        ]} />
    </SpaceBetween>
  );
}

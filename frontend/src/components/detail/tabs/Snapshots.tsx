'use client';
/** The snapshot schedule of a volume, and its snapshots. */
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { typed, type Document } from '@/api/types';
import { schedule, unschedule } from '@/resources/volume';
import { bytes, moment } from '@/lib/format';
import { useList } from '@/lib/reading';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';
import { LocalTime } from '@/components/display/LocalTime';

export function Snapshots({ kind, document }: TabProps) {
  const { spec, observed } = typed('volume', document);
  const { snapshot_policy: policy } = spec;
  const { missed_snapshot: missed } = observed;
  const { data = [], error, isPending } = useList('/api/snapshots');
  const clocked = new Set(observed.snapshots.map(({ id }) => id));
  const taken = data.filter((each) => typed('snapshot', each).spec.volumes.some(({ id }) => id === document.id));
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description="Each is deleted when its retention period ends"
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {policy && <ActionButton kind={kind} document={document} action={unschedule} />}
                <ActionButton
                  kind={kind}
                  document={document}
                  action={{ ...schedule, label: policy ? 'Change the schedule' : schedule.label }}
                />
              </SpaceBetween>
            }
          >
            Scheduled snapshots
          </Header>
        }
      >
        <KeyValuePairs
          columns={3}
          items={
            policy
              ? [
                  { label: 'When (UTC)', value: policy.schedule },
                  { label: 'Days kept', value: policy.retention_days },
                  { label: 'At most', value: policy.retention_count ?? 'any number' },
                ]
              : [{ label: 'When', value: 'never: snapshots are taken by hand only' }]
          }
        />
        {missed && (
          <Alert type="warning">
            {missed.count} missed, up to {moment(missed.due_at)}: {missed.reason}
          </Alert>
        )}
      </Container>
      {error && <Alert type="error">{error.detail}</Alert>}
      <Table<Document>
        variant="container"
        contentDensity="compact"
        items={taken}
        loading={isPending}
        loadingText="Loading"
        ariaLabels={{ tableLabel: 'Snapshots' }}
        trackBy="id"
        empty="None yet: take one on the page Snapshots"
        header={
          <Header variant="h2" counter={`(${taken.length})`}>
            Snapshots of this volume
          </Header>
        }
        columnDefinitions={[
          {
            id: 'name',
            header: 'Snapshot',
            isRowHeader: true,
            cell: (each) => <Link to={`/snapshots/detail/?id=${each.id}`}>{each.name}</Link>,
          },
          {
            id: 'status',
            header: 'Status',
            cell: (each) => <Status status={each.status} reason={each.status_reason} />,
          },
          {
            id: 'taken',
            header: 'Taken',
            cell: (each) => <LocalTime at={typed('snapshot', each).observed.taken_at} />,
          },
          { id: 'size', header: 'Size', cell: (each) => bytes(typed('snapshot', each).observed.bytes) },
          { id: 'by', header: 'By', cell: (each) => (clocked.has(each.id) ? 'the clock' : 'hand') },
        ]}
      />
    </SpaceBetween>
  );
}

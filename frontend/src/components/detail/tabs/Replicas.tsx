'use client';
import Alert from '@cloudscape-design/components/alert';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { typed, type Body, type Document } from '@/api/types';
import { bytes } from '@/lib/format';
import { useList, useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import type { TabProps } from '@/resources/types';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';
import { LocalTime } from '@/components/display/LocalTime';

type Replica = Body['Replica'];

/** The replicas of a database. Lag is measured now; for the past only the list is known. */
export function Replicas({ document }: TabProps) {
  const { at } = useTime();
  return at === null ? <Now document={document} /> : <Then document={document} />;
}

function Now({ document }: { document: Document }) {
  const { data, error, isPending } = useRead(
    '/api/databases/{id_or_name}/replicas',
    { in: { id_or_name: document.id } },
    { hasPast: false, everyMs: 5_000 },
  );
  return error ? (
    <Alert type="info">{error.detail}</Alert>
  ) : (
    <Followers replicas={data?.replicas ?? []} isPending={isPending} />
  );
}

function Then({ document }: { document: Document }) {
  const { data = [], error, isPending } = useList('/api/databases');
  const replicas = data.filter((each) => typed('database', each).spec.replica_of?.id === document.id);
  return error ? <Alert type="info">{error.detail}</Alert> : <Followers replicas={replicas} isPending={isPending} />;
}

/** A value that cannot be measured is a dash, never zero. */
function Followers({ replicas, isPending }: { replicas: Replica[]; isPending: boolean }) {
  return (
    <Table<Replica>
      variant="container"
      contentDensity="compact"
      loading={isPending}
      loadingText="Loading"
      items={replicas}
      ariaLabels={{ tableLabel: 'Replicas' }}
      header={
        <Header variant="h2" counter={`(${replicas.length})`}>
          Replicas
        </Header>
      }
      empty="Nothing follows it: create a replica of a Postgres by Actions"
      columnDefinitions={[
        {
          id: 'name',
          header: 'Replica',
          isRowHeader: true,
          cell: (each) => <Link to={`/databases/detail/?id=${each.id}`}>{each.name}</Link>,
        },
        { id: 'status', header: 'Status', cell: (each) => <Status status={each.status} /> },
        { id: 'state', header: 'Replication', cell: (each) => each.replica_state ?? '–' },
        { id: 'bytes', header: 'Behind', cell: (each) => bytes(each.replica_lag_bytes) },
        { id: 's', header: 'Behind (s)', cell: (each) => each.replica_lag_s?.toFixed(1) ?? '–' },
        { id: 'last', header: 'Newest change', cell: (each) => <LocalTime at={each.last_change_at} /> },
      ]}
    />
  );
}

'use client';
import { Suspense, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { byKind, pageOf } from '@/resources';
import { useMark } from '@/lib/moments';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { useQueryParam } from '@/lib/navigation';
import { Link } from '@/components/display/Link';
import { Changes } from '@/components/detail/tabs/History';
import { Status } from '@/components/display/Status';
import { BEGINNING, DAY, HOUR, instantOf, momentOf, MomentSelect, NOW } from '@/components/time/MomentSelect';

export default function Page() {
  return (
    <Suspense>
      <WhatChanged />
    </Suspense>
  );
}

/** What differs between two moments. */
function WhatChanged() {
  const [after, setAfter] = useQueryParam('after', HOUR.value);
  const [until, setUntil] = useQueryParam('until', NOW.value);
  const [from, to] = [momentOf(after), momentOf(until)];
  const { at } = useTime();
  const mark = useMark(at);
  const [opened] = useState(Date.now);
  const now = mark ? Date.parse(mark.time) : opened;
  const { data, error } = useRead(
    '/api/diff',
    { query: { from: instantOf(from, now), to: instantOf(to, now) || null } },
    { enabled: at === null || mark !== undefined },
  );
  const rows = data
    ? [
        ...data.created.map((each) => ({ ...each, how: 'created' })),
        ...data.changed.map((each) => ({ ...each, how: 'changed' })),
        ...data.deleted.map((each) => ({ ...each, how: 'ended' })),
      ]
    : [];
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description="Two moments, compared.">
        What changed
      </Header>
      <Container>
        <div className="two even">
          <FormField label="After">
            <MomentSelect chosen={from} choose={({ value }) => setAfter(value)} more={[BEGINNING, DAY, HOUR]} />
          </FormField>
          <FormField label="Up to">
            <MomentSelect chosen={to} choose={({ value }) => setUntil(value)} more={[NOW, HOUR, DAY]} />
          </FormField>
        </div>
      </Container>
      {error && <Alert type="info">{error.detail}</Alert>}
      <Table
        variant="container"
        contentDensity="compact"
        wrapLines
        items={rows}
        empty="Nothing changed"
        trackBy="id"
        ariaLabels={{ tableLabel: 'Changes' }}
        header={
          <Header
            variant="h2"
            description={
              data && `${data.counts.created} created, ${data.counts.changed} changed, ${data.counts.deleted} ended`
            }
          >
            Resources
          </Header>
        }
        columnDefinitions={[
          { id: 'how', header: 'How', cell: (each) => each.how, width: 110 },
          { id: 'kind', header: 'Kind', cell: (each) => byKind(each.kind)?.one ?? each.kind, width: 140 },
          {
            id: 'name',
            header: 'Name',
            isRowHeader: true,
            width: 220,
            cell: (each) => {
              const page = pageOf(each.kind, each.id);
              return page ? <Link to={page}>{each.name}</Link> : each.name;
            },
          },
          { id: 'status', header: 'Status', cell: (each) => <Status status={each.status} />, width: 150 },
          {
            id: 'changes',
            header: 'Changes',
            cell: (each) => <Changes changes={'changes' in each ? each.changes : []} />,
            minWidth: 300,
          },
        ]}
      />
    </SpaceBetween>
  );
}

'use client';
import { Suspense, useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { byKind, pageOf } from '@/kinds';
import { useMark } from '@/lib/moments';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { useWord } from '@/lib/way';
import { Go } from '@/parts/Go';
import { Changes, type Change } from '@/parts/History';
import { Status } from '@/parts/Status';
import { asked, BEGINNING, DAY, HOUR, momentOf, Moments, NOW } from '@/parts/Moments';

type Item = { id: string; kind: string; name: string; status: string; changes?: Change[] };
type Diff = { from: number; to: number; created: Item[]; deleted: Item[]; changed: Item[]; counts: Record<string, number> };

export default function Page() {
  return <Suspense><WhatChanged /></Suspense>;
}

/** What differs between two moments. */
function WhatChanged() {
  const [after, setAfter] = useWord('after', HOUR.value);
  const [until, setUntil] = useWord('until', NOW.value);
  const [from, to] = [momentOf(after), momentOf(until)];
  const { at } = useTime();
  const mark = useMark(at);
  const [opened] = useState(Date.now);
  const now = mark ? Date.parse(mark.time) : opened;
  const { data, error } = useRead<Diff>('/api/diff', { query: { from: asked(from, now), to: asked(to, now) || null } }, { enabled: at === null || mark !== undefined });
  const rows = data ? [
    ...data.created.map((each) => ({ ...each, how: 'created' })),
    ...data.changed.map((each) => ({ ...each, how: 'changed' })),
    ...data.deleted.map((each) => ({ ...each, how: 'ended' })),
  ] : [];
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description="Two moments, compared.">What changed</Header>
      <Container>
        <div className="two even">
          <FormField label="After"><Moments chosen={from} choose={({ value }) => setAfter(value)} more={[BEGINNING, DAY, HOUR]} /></FormField>
          <FormField label="Up to"><Moments chosen={to} choose={({ value }) => setUntil(value)} more={[NOW, HOUR, DAY]} /></FormField>
        </div>
      </Container>
      {error && <Alert type="info">{error.detail}</Alert>}
      <Table variant="container" contentDensity="compact" wrapLines items={rows} empty="Nothing changed" trackBy="id" ariaLabels={{ tableLabel: 'Changes' }}
        header={<Header variant="h2" description={data && `${data.counts.created} created, ${data.counts.changed} changed, ${data.counts.deleted} ended`}>Resources</Header>}
        columnDefinitions={[
          { id: 'how', header: 'How', cell: (each) => each.how, width: 110 },
          { id: 'kind', header: 'Kind', cell: (each) => byKind(each.kind)?.one ?? each.kind, width: 140 },
          { id: 'name', header: 'Name', isRowHeader: true, width: 220, cell: (each) => {
            const page = pageOf(each.kind, each.id);
            return page ? <Go to={page}>{each.name}</Go> : each.name;
          } },
          { id: 'status', header: 'Status', cell: (each) => <Status status={each.status} />, width: 150 },
          { id: 'changes', header: 'Changes', cell: (each) => <Changes changes={each.changes ?? []} />, minWidth: 300 },
        ]} />
    </SpaceBetween>
  );
}

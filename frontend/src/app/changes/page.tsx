'use client';
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { byKind, pageOf } from '@/kinds';
import { moment } from '@/lib/format';
import { useRead } from '@/lib/reading';
import type { Mark } from '@/lib/scrub';
import { Go } from '@/parts/Go';
import { Changes, type Change } from '@/parts/History';
import { Status } from '@/parts/Status';
import { useMarks } from '@/parts/TimeLine';

type Item = { id: string; kind: string; name: string; status: string; changes?: Change[] };
type Diff = { from: number; to: number; created: Item[]; deleted: Item[]; changed: Item[]; counts: Record<string, number> };

/** What differs between two moments. */
export default function WhatChanged() {
  const marks = useMarks();
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const first = from ?? marks[0]?.position;
  const { data, error } = useRead<Diff>('/api/diff', { query: { from: first, to } }, { enabled: first !== undefined });
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
          <FormField label="After"><Moments marks={marks} chosen={first ?? null} choose={setFrom} /></FormField>
          <FormField label="Up to"><Moments marks={marks} chosen={to} choose={setTo} /></FormField>
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

const NOW = { value: '', label: 'the moment that is shown' };

function Moments({ marks, chosen, choose }: { marks: Mark[]; chosen: number | null; choose: (position: number | null) => void }) {
  const options = [NOW, ...marks.toReversed().map((mark) => ({
    value: String(mark.position), label: `${moment(mark.time)} · ${mark.summary}`, description: `position ${mark.position}`,
  }))];
  return (
    <Select filteringType="auto" virtualScroll selectedOption={options.find(({ value }) => value === String(chosen ?? '')) ?? NOW} options={options}
      onChange={({ detail }) => choose(detail.selectedOption.value === '' ? null : Number(detail.selectedOption.value))} />
  );
}

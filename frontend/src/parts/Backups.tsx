'use client';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { Document } from '@/api/types';
import { bytes, moment, plain } from '@/lib/format';
import { useRead } from '@/lib/reading';
import type { TabProps } from './Detail';
import { Status } from './Status';

type Window = { ranges: { from: string; to: string }[]; gaps: unknown[]; from: string | null; to: string | null; resolution: string };
type Backup = { id: string; status?: string; began_at?: string; ended_at?: string | null; size_bytes?: number } & Record<string, unknown>;

/** Which moments a database can be restored to, and what it is restored from. */
export function Backups({ document }: TabProps) {
  const where = { in: { id_or_name: document.id } };
  const archive = useRead<Document>('/api/databases/{id_or_name}/backups', where);
  const restorable = useRead<Window>('/api/databases/{id_or_name}/restorable', where, { hasPast: false, everyMs: 5_000 });
  const backups = (archive.data?.observed.backups ?? []) as Backup[];
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2" description="Restoring makes a new database and leaves this one as it is">Restorable window</Header>}>
        {restorable.error ? <Alert type="info">{restorable.error.detail}</Alert> : <Pick window={restorable.data} />}
      </Container>
      {archive.error && <Alert type="info">{archive.error.detail}</Alert>}
      <Table<Backup> variant="container" contentDensity="compact" items={backups} empty="No backup yet: the first one is made soon, or by Actions"
        ariaLabels={{ tableLabel: 'Backups' }} header={<Header variant="h2" counter={`(${backups.length})`}>Backups</Header>}
        columnDefinitions={[
          { id: 'id', header: 'Backup', cell: (each) => each.id, isRowHeader: true },
          { id: 'status', header: 'Status', cell: (each) => (each.status ? <Status status={each.status} /> : '–') },
          { id: 'began', header: 'Began (UTC)', cell: (each) => moment(each.began_at) },
          { id: 'ended', header: 'Ended (UTC)', cell: (each) => moment(each.ended_at) },
          { id: 'size', header: 'Size', cell: (each) => bytes(each.size_bytes) },
        ]} />
    </SpaceBetween>
  );
}

/** A slider from the oldest restorable moment to the newest, and the moment itself to copy. */
function Pick({ window }: { window: Window | undefined }) {
  const [chosen, setChosen] = useState<number | null>(null);
  if (!window?.from || !window.to) return <Box color="text-body-secondary">Nothing can be restored yet: the first backup is not complete.</Box>;
  const [from, to] = [Date.parse(window.from), Date.parse(window.to)];
  const at = Math.min(Math.max(chosen ?? to, from), to);
  return (
    <SpaceBetween size="s">
      <input className="pick" type="range" aria-label="Moment to restore to" aria-valuetext={moment(at)} min={from} max={to} step={1000} value={at}
        onChange={(event) => setChosen(Number(event.target.value))} />
      <KeyValuePairs columns={3} items={[
        { label: 'Oldest (UTC)', value: moment(from) },
        { label: 'Chosen', value: <CopyToClipboard variant="inline" textToCopy={new Date(at).toISOString()} copySuccessText="Copied" copyErrorText="Not copied" /> },
        { label: 'Newest (UTC)', value: moment(to) },
        { label: 'Gaps', value: window.gaps.length === 0 ? 'none' : plain(window.gaps) },
      ]} />
    </SpaceBetween>
  );
}

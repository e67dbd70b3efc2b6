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
import { typed, type Body, type Document } from '@/api/types';
import { byKind } from '@/resources';
import { backupPolicy, restoring, restoringBackup } from '@/resources/database';
import { age, bytes, moment } from '@/lib/format';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';
import { Status } from '@/components/display/Status';
import { LocalTime } from '@/components/display/LocalTime';

type Span = Body['Restorable'];
type Backup = Body['Backup'];

/** The moments a database can be restored to, and its backups. */
export function Backups({ kind, document }: TabProps) {
  const { data: archive, error } = useRead('/api/databases/{id_or_name}/backups', {
    in: { id_or_name: document.id },
  });
  const back = kind.actions.find(({ id }) => id === 'backup')!;
  return (
    <SpaceBetween size="l">
      <Restorable database={document} />
      {error && <Alert type="info">{error.detail}</Alert>}
      {archive && <Policy archive={archive} database={document} />}
      {archive && (
        <Made
          archive={archive}
          database={document}
          actions={<ActionButton kind={kind} document={document} action={back} />}
        />
      )}
    </SpaceBetween>
  );
}

/** The same for an archive. Its database may be deleted, and is restored by its former id. */
export function Archived({ document }: TabProps) {
  const { id, name } = typed('archive', document).spec.database;
  const database: Document = { ...document, id, name, status: 'available' };
  return (
    <SpaceBetween size="l">
      <Restorable database={database} />
      <Made archive={document} database={database} />
    </SpaceBetween>
  );
}

function Restorable({ database }: { database: Document }) {
  const { at } = useTime();
  if (at !== null)
    return (
      <Alert type="info">The restorable window is shown for now only: what could be restored then may be gone.</Alert>
    );
  return <Window database={database} />;
}

function Window({ database }: { database: Document }) {
  const { data, error } = useRead(
    '/api/databases/{id_or_name}/restorable',
    { in: { id_or_name: database.id } },
    { hasPast: false, everyMs: 5_000 },
  );
  const [chosen, setChosen] = useState<number | null>(null);
  const [from, to] = [Date.parse(data?.from ?? ''), Date.parse(data?.to ?? '')];
  const at = Math.min(Math.max(chosen ?? to, from), to);
  const isThere = !Number.isNaN(from) && !Number.isNaN(to);
  const restore = restoring(chosen === null || !isThere ? '' : instant(at, from));
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Restoring makes a new database and leaves this one as it is"
          actions={
            isThere && (
              <ActionButton
                kind={byKind('database')!}
                document={database}
                action={{ ...restore, label: chosen === null ? 'Restore the newest' : 'Restore this moment' }}
              />
            )
          }
        >
          Restorable window
        </Header>
      }
    >
      {error ? (
        <Alert type="info">{error.detail}</Alert>
      ) : isThere ? (
        <Pick window={data!} at={at} choose={setChosen} />
      ) : (
        <Box color="text-body-secondary">Nothing can be restored yet: the first backup is not complete.</Box>
      )}
    </Container>
  );
}

/** To the second, as long as that is not before the window. */
function instant(at: number, from: number): string {
  const whole = Math.floor(at / 1000) * 1000;
  return whole < from ? new Date(at).toISOString() : `${new Date(whole).toISOString().slice(0, 19)}Z`;
}

/** A slider over the restorable time range, with gaps above it, and the selected moment to copy. */
function Pick({ window, at, choose }: { window: Span; at: number; choose: (at: number) => void }) {
  const [from, to] = [Date.parse(window.from!), Date.parse(window.to!)];
  const gap = window.gaps.find((each) => at > Date.parse(each.after) && at < Date.parse(each.before));
  const place = (moment: string) => `${(100 * (Date.parse(moment) - from)) / Math.max(1, to - from)}%`;
  return (
    <SpaceBetween size="s">
      <div>
        <div className="restorable" aria-hidden>
          {window.ranges.map((each) => (
            <i
              key={each.from}
              style={{ insetInlineStart: place(each.from), width: `calc(${place(each.to)} - ${place(each.from)})` }}
            />
          ))}
        </div>
        <input
          className="pick"
          type="range"
          aria-label="Moment to restore to"
          aria-valuetext={moment(at)}
          min={from}
          max={to}
          step={1000}
          value={at}
          onChange={(event) => choose(Number(event.target.value))}
        />
      </div>
      {gap && (
        <Alert type="warning">
          This moment cannot be restored: it lies between {moment(gap.after)} and {moment(gap.before)}. {gap.why}
        </Alert>
      )}
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Oldest (UTC)', value: moment(from) },
          {
            label: 'Chosen',
            value: (
              <CopyToClipboard
                variant="inline"
                textToCopy={instant(at, from)}
                copyButtonAriaLabel="Copy the moment"
                copySuccessText="Copied"
                copyErrorText="Not copied"
              />
            ),
          },
          { label: 'Newest (UTC)', value: `${moment(to)}, ${age(window.to, Date.now())} ago` },
          {
            label: 'Gaps',
            value:
              window.gaps.length === 0
                ? 'none'
                : window.gaps.map((each) => `${moment(each.after)} to ${moment(each.before)}`).join('; '),
          },
        ]}
      />
    </SpaceBetween>
  );
}

function Policy({ archive, database }: { archive: Document; database: Document }) {
  const {
    schedule,
    window_minutes: minutes,
    retention_days: days,
    retention_count: count,
    drill_schedule: drills,
  } = typed('archive', archive).spec;
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={<ActionButton kind={byKind('database')!} document={database} action={backupPolicy(archive)} />}
        >
          Policy
        </Header>
      }
    >
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Backups are made (cron, UTC)', value: `${schedule}, within ${minutes} min` },
          { label: 'Days kept', value: days },
          { label: 'At most', value: count ?? 'any number' },
          { label: 'Restored for a trial', value: drills ?? 'never' },
        ]}
      />
    </Container>
  );
}

function Made({ archive, database, actions }: { archive: Document; database: Document; actions?: React.ReactNode }) {
  const backups = typed('archive', archive).observed.backups;
  return (
    <Table<Backup>
      variant="container"
      contentDensity="compact"
      items={backups.toReversed()}
      empty="No backup yet: the first one is made soon"
      ariaLabels={{ tableLabel: 'Backups' }}
      trackBy="id"
      header={
        <Header variant="h2" counter={`(${backups.length})`} actions={actions}>
          Backups
        </Header>
      }
      columnDefinitions={[
        { id: 'id', header: 'Backup', cell: (each) => each.id, isRowHeader: true },
        { id: 'status', header: 'Status', cell: (each) => <Status status={each.status} reason={each.status_reason} /> },
        { id: 'why', header: 'Why', cell: (each) => each.why },
        { id: 'ended', header: 'Ended', cell: (each) => <LocalTime at={each.ended_at} /> },
        { id: 'size', header: 'Size', cell: (each) => bytes(each.size_bytes) },
        {
          id: 'verified',
          header: 'Restored for a trial (UTC)',
          cell: (each) => (each.verified_at ? `${moment(each.verified_at)}, in ${each.rto_s} s` : 'not yet'),
        },
        {
          id: 'acts',
          header: 'Actions',
          cell: (each) =>
            each.status === 'available' ? (
              <ActionButton kind={byKind('database')!} document={database} action={restoringBackup(each.id)} isInline />
            ) : (
              '–'
            ),
        },
      ]}
    />
  );
}

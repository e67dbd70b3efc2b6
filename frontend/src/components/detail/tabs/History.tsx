'use client';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { Body } from '@/api/types';
import { plain } from '@/lib/format';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import type { TabProps } from '@/resources/types';
import { LocalTime } from '@/components/display/LocalTime';

export type Change = Body['Change'];
type Version = Body['HistoryVersion'];

/** Each version of a resource, with what it changed; the newest first. */
export function History({ kind, document }: TabProps) {
  const { show } = useTime();
  const { data, error, isPending } = useRead('/api/resources/{id_or_name}/history', {
    in: { id_or_name: document.id },
    query: { kind: kind.kind },
  });
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <Table<Version>
      variant="container"
      loading={isPending}
      loadingText="Loading"
      items={(data?.items ?? []).toReversed()}
      wrapLines
      contentDensity="compact"
      ariaLabels={{ tableLabel: 'History' }}
      columnDefinitions={[
        { id: 'version', header: 'Version', cell: (each) => each.version },
        {
          id: 'time',
          header: 'Time',
          cell: (each) => <LocalTime at={each.event.time} />,
          minWidth: 175,
        },
        { id: 'what', header: 'What', cell: (each) => each.event.summary, isRowHeader: true, minWidth: 200 },
        { id: 'changes', header: 'Changes', cell: (each) => <Changes changes={each.changes} />, minWidth: 260 },
        { id: 'who', header: 'Who', cell: (each) => each.event.actorname ?? each.event.actor },
        {
          id: 'rewind',
          header: 'Rewind',
          minWidth: 130,
          cell: (each) => (
            <Button
              variant="inline-link"
              ariaLabel={`Show then: version ${each.version}`}
              onClick={() => show(each.position)}
            >
              <span className="line">Show then</span>
            </Button>
          ),
        },
      ]}
    />
  );
}

export function Changes({ changes }: { changes: Change[] }) {
  return (
    <SpaceBetween size="xxxs">
      {changes.map(({ field, before, after }) => (
        <div key={field}>
          <code>{field}</code>:{' '}
          {before != null && (
            <>
              <span className="old">{plain(before)}</span> →{' '}
            </>
          )}
          {plain(after)}
        </div>
      ))}
    </SpaceBetween>
  );
}

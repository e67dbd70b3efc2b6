'use client';
/** The certificates of https listeners, and when they expire. */
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { removing, replacing, uploading, type Certificate } from '@/resources/certificate';
import { typed } from '@/api/types';
import { listenersOf } from '@/resources/routing';
import { plain, until } from '@/lib/format';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';
import { LocalTime } from '@/components/display/LocalTime';

export function Certificates({ kind, document }: TabProps) {
  const certificates = typed('load_balancer', document).spec.certificates;
  const users = ({ name }: Certificate) =>
    listenersOf(document)
      .filter((each) => each.certificates.includes(name))
      .map(({ port }) => port);
  return (
    <Table<Certificate>
      variant="container"
      contentDensity="compact"
      wrapLines
      items={certificates}
      ariaLabels={{ tableLabel: 'Certificates' }}
      trackBy="name"
      empty="No certificate yet: https needs one"
      header={
        <Header
          variant="h2"
          counter={`(${certificates.length})`}
          description="Their private keys are kept sealed"
          actions={<ActionButton kind={kind} document={document} action={uploading} />}
        >
          Certificates
        </Header>
      }
      columnDefinitions={[
        { id: 'name', header: 'Certificate', isRowHeader: true, minWidth: 110, cell: (each) => each.name },
        {
          id: 'names',
          header: 'For',
          minWidth: 150,
          cell: (each) => (each.names.length > 0 ? plain(each.names) : each.subject),
        },
        { id: 'ends', header: 'Valid until', minWidth: 210, cell: (each) => <Validity end={each.not_after} /> },
        { id: 'used', header: 'Used by port', cell: (each) => plain(users(each)) },
        {
          id: 'acts',
          header: 'Actions',
          minWidth: 170,
          cell: (each) => (
            <SpaceBetween direction="horizontal" size="s">
              <ActionButton kind={kind} document={document} action={replacing(each)} isInline />
              {users(each).length === 0 && (
                <ActionButton kind={kind} document={document} action={removing(each)} isInline />
              )}
            </SpaceBetween>
          ),
        },
      ]}
    />
  );
}

function Validity({ end }: { end: string }) {
  const { text, tone } = until(end, Date.now());
  return (
    <StatusIndicator type={tone}>
      <LocalTime at={end} /> <span className="soft">{text}</span>
    </StatusIndicator>
  );
}

'use client';
/** With what https listeners show who they are, and until when it holds. */
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { removing, replacing, uploading, type Certificate } from '@/kinds/certificate';
import { listenersOf } from '@/kinds/routing';
import { moment, plain, until } from '@/lib/format';
import { ActionButton } from './Actions';
import type { TabProps } from './Detail';

export function Certificates({ kind, document }: TabProps) {
  const certificates = (document.spec.certificates ?? []) as Certificate[];
  const users = ({ name }: Certificate) => listenersOf(document).filter((each) => each.certificates.includes(name)).map(({ port }) => port);
  return (
    <Table<Certificate> variant="container" contentDensity="compact" wrapLines items={certificates} ariaLabels={{ tableLabel: 'Certificates' }} trackBy="name"
      empty="No certificate yet: https needs one"
      header={<Header variant="h2" counter={`(${certificates.length})`} description="Their private keys are kept sealed"
        actions={<ActionButton kind={kind} document={document} action={uploading} />}>Certificates</Header>}
      columnDefinitions={[
        { id: 'name', header: 'Certificate', isRowHeader: true, minWidth: 110, cell: (each) => each.name },
        { id: 'names', header: 'For', minWidth: 150, cell: (each) => (each.names.length > 0 ? plain(each.names) : each.subject) },
        { id: 'ends', header: 'Valid until (UTC)', minWidth: 210, cell: (each) => <Validity end={each.not_after} /> },
        { id: 'used', header: 'Used by port', cell: (each) => plain(users(each)) },
        { id: 'acts', header: 'Actions', minWidth: 170, cell: (each) => (
          <SpaceBetween direction="horizontal" size="s">
            <ActionButton kind={kind} document={document} action={replacing(each)} isInline />
            {users(each).length === 0 && <ActionButton kind={kind} document={document} action={removing(each)} isInline />}
          </SpaceBetween>) },
      ]} />
  );
}

function Validity({ end }: { end: string }) {
  const { says, tone } = until(end, Date.now());
  return <StatusIndicator type={tone}>{moment(end)} <span className="soft">{says}</span></StatusIndicator>;
}

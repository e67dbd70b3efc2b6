'use client';
import Alert from '@cloudscape-design/components/alert';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { Document } from '@/api/types';
import { byKind, pageOf } from '@/resources';
import { plain } from '@/lib/format';
import { useList } from '@/lib/reading';
import type { TabProps } from '@/resources/types';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';

type Ref = { id: string } | undefined;
/** A scaling group belongs to the VPC of its template. */
const vpcOf = ({ spec: { vpc, template } }: Document) =>
  ((vpc as Ref) ?? (template as { vpc?: Ref } | undefined)?.vpc)?.id;

/** The resources of a VPC. It cannot be deleted before it is empty. */
export function VpcMembers({ document }: TabProps) {
  const { data = [], error, isPending } = useList('/api/resources');
  const inside = data.filter((each) => each.kind !== 'vpc' && vpcOf(each) === document.id);
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <Table<Document>
      variant="container"
      contentDensity="compact"
      loading={isPending}
      loadingText="Loading"
      items={inside}
      trackBy="id"
      ariaLabels={{ tableLabel: 'In this VPC' }}
      empty="Nothing is in it"
      header={
        <Header variant="h2" counter={`(${inside.length})`} description="They reach each other by name">
          In this VPC
        </Header>
      }
      columnDefinitions={[
        {
          id: 'name',
          header: 'Name',
          isRowHeader: true,
          cell: (each) => {
            const page = pageOf(each.kind, each.id);
            return page ? <Link to={page}>{each.name}</Link> : each.name;
          },
        },
        { id: 'kind', header: 'Kind', cell: (each) => byKind(each.kind)?.one ?? each.kind },
        { id: 'status', header: 'Status', cell: (each) => <Status status={each.status} reason={each.status_reason} /> },
        { id: 'address', header: 'Address', cell: (each) => plain(each.observed.address) },
      ]}
    />
  );
}

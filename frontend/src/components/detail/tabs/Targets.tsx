'use client';
import Alert from '@cloudscape-design/components/alert';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { typed } from '@/api/types';
import { deregistering, registering, weighing, type Selector, type Target } from '@/resources/target';
import { plain } from '@/lib/format';
import { useRead } from '@/lib/reading';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';
import { LocalTime } from '@/components/display/LocalTime';

export function Targets({ kind, document }: TabProps) {
  const { data, error, isPending } = useRead('/api/load-balancers/{id_or_name}/health', {
    in: { id_or_name: document.id },
  });
  const selectors = typed('load_balancer', document).spec.selectors;
  const acts = (target: Target | Selector) => (
    <SpaceBetween direction="horizontal" size="s">
      <ActionButton kind={kind} document={document} action={weighing(target)} isInline />
      <ActionButton kind={kind} document={document} action={deregistering(target)} isInline />
    </SpaceBetween>
  );
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <SpaceBetween size="l">
      <Table<Target>
        variant="container"
        contentDensity="compact"
        wrapLines
        loading={isPending}
        loadingText="Loading"
        items={data?.targets ?? []}
        ariaLabels={{ tableLabel: 'Targets' }}
        trackBy="id"
        empty="No target yet: register an instance, an address or tags"
        header={
          <Header
            variant="h2"
            counter={`(${data?.targets.length ?? 0})`}
            actions={<ActionButton kind={kind} document={document} action={registering} />}
          >
            Targets
          </Header>
        }
        columnDefinitions={[
          {
            id: 'target',
            header: 'Target',
            isRowHeader: true,
            minWidth: 110,
            cell: (each) =>
              each.instance ? (
                <Link to={`/instances/detail/?id=${each.instance.id}`}>{each.instance.name}</Link>
              ) : (
                each.address
              ),
          },
          {
            id: 'state',
            header: 'Health',
            minWidth: 110,
            cell: (each) => <Status status={each.state} reason={each.reason} />,
          },
          { id: 'reason', header: 'Why', minWidth: 160, cell: (each) => each.reason ?? '–' },
          { id: 'since', header: 'Since', minWidth: 150, cell: (each) => <LocalTime at={each.since} /> },
          {
            id: 'at',
            header: 'Serves at',
            minWidth: 140,
            cell: (each) => (each.serves_at ? `${each.serves_at}:${each.port}` : `port ${each.port}`),
          },
          { id: 'weight', header: 'Weight', cell: (each) => each.weight },
          { id: 'group', header: 'Group', cell: (each) => each.target_group },
          {
            id: 'acts',
            header: 'Actions',
            minWidth: 170,
            cell: (each) => (each.selector ? 'by tags' : each.is_leaving ? 'leaving' : acts(each)),
          },
        ]}
      />
      {selectors.length > 0 && (
        <Table<Selector>
          variant="container"
          contentDensity="compact"
          items={selectors}
          ariaLabels={{ tableLabel: 'Targets by tags' }}
          trackBy="id"
          header={
            <Header variant="h2" description="Every instance of the VPC that has these tags, now and later">
              By tags
            </Header>
          }
          columnDefinitions={[
            { id: 'tags', header: 'Tags', isRowHeader: true, cell: (each) => plain(each.tags) },
            { id: 'port', header: 'Port', cell: (each) => each.port },
            { id: 'weight', header: 'Weight', cell: (each) => each.weight },
            { id: 'group', header: 'Group', cell: (each) => each.target_group },
            { id: 'acts', header: 'Actions', minWidth: 170, cell: acts },
          ]}
        />
      )}
    </SpaceBetween>
  );
}

'use client';
import Alert from '@cloudscape-design/components/alert';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { moment } from '@/lib/format';
import { useRead } from '@/lib/reading';
import type { TabProps } from './Detail';
import { Go } from './Go';
import { Status } from './Status';

type Target = {
  id: string; state: string; reason: string | null; since: string; serves_at: string | null; target_group: string;
  instance: { id: string; name: string } | null; address: string | null; port: number; weight: number;
};

export function Targets({ document }: TabProps) {
  const { data, error, isPending } = useRead<{ targets: Target[] }>(
    '/api/load-balancers/{id_or_name}/health', { in: { id_or_name: document.id } });
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <Table<Target> variant="container" contentDensity="compact" loading={isPending} loadingText="Loading" items={data?.targets ?? []}
      ariaLabels={{ tableLabel: 'Targets' }} header={<Header variant="h2" counter={`(${data?.targets.length ?? 0})`}>Targets</Header>}
      empty="No targets yet: register an instance by Actions"
      columnDefinitions={[
        { id: 'target', header: 'Target', isRowHeader: true, cell: (each) =>
          each.instance ? <Go to={`/instances/detail/?id=${each.instance.id}`}>{each.instance.name}</Go> : each.address },
        { id: 'state', header: 'Health', cell: (each) => <Status status={each.state} reason={each.reason} /> },
        { id: 'reason', header: 'Why', cell: (each) => each.reason ?? '–' },
        { id: 'since', header: 'Since (UTC)', cell: (each) => moment(each.since) },
        { id: 'at', header: 'Serves at', cell: (each) => `${each.serves_at ?? '–'}:${each.port}` },
        { id: 'weight', header: 'Weight', cell: (each) => each.weight },
        { id: 'group', header: 'Group', cell: (each) => each.target_group },
      ]} />
  );
}

'use client';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { Action } from '@/resources/types';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';
import { Link } from '@/components/display/Link';
import { typed, type Body } from '@/api/types';
import { Status } from '@/components/display/Status';

type Member = Body['Member'];

const protecting = ({ id, name, is_protected: is }: Member): Action => ({
  id: name,
  label: is ? 'Let it go' : 'Protect',
  path: '/api/scaling-groups/{id_or_name}/instances/{instance}/protection',
  method: 'PUT',
  in: () => ({ instance: id }),
  body: () => ({ is_protected: !is }),
  outcome: 'changed',
  command: (it) => `asg ${is ? 'unprotect' : 'protect'} ${it} ${name}`,
});

/** The instances of a group. */
export function Members({ kind, document }: TabProps) {
  const members = typed('scaling_group', document).observed.instances;
  return (
    <Table<Member>
      variant="container"
      contentDensity="compact"
      wrapLines
      items={members}
      ariaLabels={{ tableLabel: 'Instances of the group' }}
      trackBy="id"
      empty="None at this moment"
      header={
        <Header variant="h2" counter={`(${members.length})`}>
          Instances
        </Header>
      }
      columnDefinitions={[
        {
          id: 'name',
          header: 'Instance',
          isRowHeader: true,
          minWidth: 150,
          cell: (each) => <Link to={`/instances/detail/?id=${each.id}`}>{each.name}</Link>,
        },
        {
          id: 'status',
          header: 'In the group',
          minWidth: 110,
          cell: (each) => <Status status={each.status} reason={each.reason} />,
        },
        { id: 'reason', header: 'Why', minWidth: 180, cell: (each) => each.reason ?? '–' },
        { id: 'template', header: 'Template', cell: (each) => each.template_version },
        {
          id: 'protected',
          header: 'Stays when the group shrinks',
          minWidth: 140,
          cell: (each) => (each.is_protected ? 'yes' : 'no'),
        },
        {
          id: 'acts',
          header: 'Actions',
          minWidth: 110,
          cell: (each) => <ActionButton kind={kind} document={document} action={protecting(each)} isInline />,
        },
      ]}
    />
  );
}

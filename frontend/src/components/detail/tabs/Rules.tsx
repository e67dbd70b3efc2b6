'use client';
/** The rules of a security group. */
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { authorize, revoke, rulesOf, type Rule } from '@/resources/security_group';
import { pageOf } from '@/resources';
import { plain } from '@/lib/format';
import { ActionButton } from '@/components/actions/Actions';
import { Link } from '@/components/display/Link';
import type { TabProps } from '@/resources/types';

function portsOf({ from_port: first, to_port: last }: Rule): string {
  if (first === null) return 'all';
  return first === last ? String(first) : `${first} to ${last}`;
}

export function Rules({ kind, document }: TabProps) {
  const side = (rule: Rule) => {
    if (rule.group === null) return rule.cidr;
    const page = pageOf(kind.kind, rule.group.id);
    return page ? <Link to={page}>{rule.group.name}</Link> : rule.group.name;
  };
  return (
    <Table<Rule>
      variant="container"
      contentDensity="compact"
      wrapLines
      items={[...rulesOf(document)]}
      ariaLabels={{ tableLabel: 'Rules' }}
      trackBy="id"
      empty="No rule: nothing comes in, and nothing goes out"
      header={
        <Header
          variant="h2"
          description="What no rule allows is dropped; connections that exist stay"
          actions={<ActionButton kind={kind} document={document} action={authorize} />}
        >
          Rules
        </Header>
      }
      columnDefinitions={[
        { id: 'id', header: 'Rule', isRowHeader: true, cell: (rule) => rule.id },
        { id: 'direction', header: 'Direction', cell: (rule) => rule.direction },
        { id: 'protocol', header: 'Protocol', cell: (rule) => rule.protocol },
        { id: 'ports', header: 'Ports', cell: portsOf },
        { id: 'side', header: 'From or to', cell: side },
        { id: 'description', header: 'Description', minWidth: 140, cell: (rule) => plain(rule.description) },
        {
          id: 'acts',
          header: 'Actions',
          cell: (rule) => <ActionButton kind={kind} document={document} action={revoke(rule)} isInline />,
        },
      ]}
    />
  );
}

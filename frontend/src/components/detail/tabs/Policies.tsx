'use client';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { addPolicy, editPolicy, removePolicy, description, type Policy } from '@/resources/policy';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';

type Named = Policy & { name: string };

/** The scaling policies of a group. */
export function Policies({ kind, document }: TabProps) {
  const policies = Object.entries(document.spec.policies as Record<string, Policy>).map(([name, policy]): Named => ({
    ...policy,
    name,
  }));
  return (
    <Table<Named>
      variant="container"
      contentDensity="compact"
      wrapLines
      items={policies}
      ariaLabels={{ tableLabel: 'Policies' }}
      trackBy="name"
      empty="No policy yet: the group keeps what is desired"
      header={
        <Header
          variant="h2"
          counter={`(${policies.length})`}
          description="By what the group scales; the one that asks for most decides"
          actions={<ActionButton kind={kind} document={document} action={addPolicy} />}
        >
          Policies
        </Header>
      }
      columnDefinitions={[
        { id: 'name', header: 'Policy', isRowHeader: true, minWidth: 120, cell: (each) => each.name },
        { id: 'type', header: 'Type', minWidth: 130, cell: (each) => each.type },
        { id: 'description', header: 'What it does', minWidth: 220, cell: description },
        {
          id: 'pace',
          header: 'Timing',
          minWidth: 200,
          cell: (each) =>
            each.type === 'scheduled'
              ? '–'
              : `${each.period_s} s periods, ${each.periods_out} to grow, ${each.periods_in} to shrink; cool-down ${each.cooldown_s} s`,
        },
        {
          id: 'acts',
          header: 'Actions',
          minWidth: 150,
          cell: ({ name, ...policy }) => (
            <SpaceBetween direction="horizontal" size="s">
              <ActionButton
                kind={kind}
                document={document}
                action={editPolicy(name, policy as unknown as Policy)}
                isInline
              />
              <ActionButton kind={kind} document={document} action={removePolicy(name)} isInline />
            </SpaceBetween>
          ),
        },
      ]}
    />
  );
}

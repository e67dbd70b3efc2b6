'use client';
/** The queues or streams of a server, both declared and created by clients, and their messages. */
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { Body } from '@/api/types';
import { declaring, insideOf, purging, redeclaring, removing, type Inside } from '@/resources/queue';
import { usePermission } from '@/lib/usePermission';
import { plain } from '@/lib/format';
import { useRead } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { ActionButton } from '@/components/actions/Actions';
import type { TabProps } from '@/resources/types';
import { Messages } from '@/components/detail/tabs/Messages';

export function Queues({ kind, document }: TabProps) {
  const { at } = useTime();
  const may = usePermission();
  const [opened, open] = useState<string | null>(null);
  const { data, error } = useRead(
    '/api/queues/{id_or_name}/stats',
    { in: { id_or_name: document.id } },
    { hasPast: false, everyMs: 2000, enabled: at === null },
  );
  const figures: Record<string, Body['QueueFigures']> = at === null ? (data?.queues ?? {}) : {};
  const acts = (each: Inside) => (
    <SpaceBetween direction="horizontal" size="s">
      <Button
        variant="inline-link"
        ariaLabel={`Messages: ${each.name}`}
        disabled={!may}
        onClick={() => open(each.name)}
      >
        Messages
      </Button>
      {each.limits && <ActionButton kind={kind} document={document} action={redeclaring(each)} isInline />}
      <ActionButton kind={kind} document={document} action={purging(each.name)} isInline />
      {each.limits && <ActionButton kind={kind} document={document} action={removing(each.name)} isInline />}
    </SpaceBetween>
  );
  return (
    <SpaceBetween size="l">
      {error && at === null && <Alert type="info">{error.detail}</Alert>}
      <Table<Inside>
        variant="container"
        contentDensity="compact"
        wrapLines
        items={insideOf(document, Object.keys(figures))}
        ariaLabels={{ tableLabel: 'Queues inside' }}
        trackBy="name"
        empty="None yet: declare one, or let a client make it"
        header={
          <Header
            variant="h2"
            description={
              at === null
                ? 'With what waits in them now'
                : 'As they were declared; what waited in them is no part of the history'
            }
            actions={<ActionButton kind={kind} document={document} action={declaring} />}
          >
            Queues
          </Header>
        }
        columnDefinitions={[
          { id: 'name', header: 'Queue', isRowHeader: true, minWidth: 120, cell: (each) => each.name },
          { id: 'depth', header: 'Messages', cell: (each) => plain(figures[each.name]?.depth) },
          { id: 'consumers', header: 'Consumers', cell: (each) => plain(figures[each.name]?.consumers) },
          { id: 'rate', header: 'Published per second', cell: (each) => plain(figures[each.name]?.publish_per_s) },
          {
            id: 'limits',
            header: 'Declared',
            minWidth: 180,
            cell: (each) => (each.limits ? description(each.limits) : 'by a client'),
          },
          { id: 'acts', header: 'Actions', minWidth: 340, cell: acts },
        ]}
      />
      {opened !== null && may && <Messages document={document} queue={opened} close={() => open(null)} />}
    </SpaceBetween>
  );
}

function description({
  durable,
  max_length: length,
  max_age_s: age,
  dead_letter: dead,
}: NonNullable<Inside['limits']>): string {
  return [
    durable ? 'on disk' : 'in memory',
    ...(length === null ? [] : [`at most ${length}`]),
    ...(age === null ? [] : [`for ${age} s`]),
    ...(dead === null ? [] : [`dead letters to ${dead}`]),
  ].join(', ');
}

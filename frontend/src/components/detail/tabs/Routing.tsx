'use client';
/** Routing of a load balancer: its listeners with rules, and its target groups with health checks. */
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import {
  grouping,
  groupsOf,
  listen,
  listenersOf,
  ungroup,
  unlisten,
  type Check,
  type Group,
  type Listener,
  type Rule,
} from '@/resources/routing';
import { plain } from '@/lib/format';
import { ActionButton } from '@/components/actions/Actions';
import { Certificates } from '@/components/detail/tabs/Certificates';
import type { TabProps } from '@/resources/types';

const when = ({ host, path }: Rule) => [host, path].filter((each) => each !== null).join(' ');
const description = ({ protocol, path, codes, interval_s: every, timeout_s: patience, rise, fall }: Check) =>
  `${protocol === 'http' ? `http ${path} answers ${codes}` : 'tcp'}, every ${every} s, patience ${patience} s, ${rise} good / ${fall} bad in a row`;

export function Routing({ kind, document }: TabProps) {
  const used = new Set(
    listenersOf(document).flatMap(({ target_group: group, rules }) => [
      group,
      ...rules.map((rule) => rule.target_group),
    ]),
  );
  return (
    <SpaceBetween size="l">
      <Table<Listener>
        variant="container"
        contentDensity="compact"
        wrapLines
        items={listenersOf(document)}
        ariaLabels={{ tableLabel: 'Listeners' }}
        trackBy={(each) => String(each.port)}
        empty="No listener yet: nothing reaches this balancer"
        header={
          <Header
            variant="h2"
            description="Ports of the host, and where their requests go"
            actions={<ActionButton kind={kind} document={document} action={listen(document)} />}
          >
            Listeners
          </Header>
        }
        columnDefinitions={[
          { id: 'port', header: 'Port', isRowHeader: true, cell: (each) => each.port },
          { id: 'protocol', header: 'Protocol', cell: (each) => each.protocol },
          {
            id: 'rules',
            header: 'Rules',
            minWidth: 220,
            cell: (each) =>
              each.rules.length === 0
                ? '–'
                : each.rules.map((rule, index) => (
                    <div key={index}>
                      <code>{when(rule)}</code> → {rule.target_group}
                    </div>
                  )),
          },
          { id: 'group', header: 'Default group', minWidth: 130, cell: (each) => each.target_group },
          { id: 'certificates', header: 'Certificates', cell: (each) => plain(each.certificates) },
          {
            id: 'acts',
            header: 'Actions',
            minWidth: 150,
            cell: (each) => (
              <SpaceBetween direction="horizontal" size="s">
                <ActionButton kind={kind} document={document} action={listen(document, each)} isInline />
                <ActionButton kind={kind} document={document} action={unlisten(document, each)} isInline />
              </SpaceBetween>
            ),
          },
        ]}
      />
      <Table<Group>
        variant="container"
        contentDensity="compact"
        wrapLines
        items={groupsOf(document)}
        ariaLabels={{ tableLabel: 'Target groups' }}
        trackBy="name"
        header={
          <Header
            variant="h2"
            description="Targets that serve the same requests, and how their health is checked"
            actions={<ActionButton kind={kind} document={document} action={grouping(document)} />}
          >
            Target groups
          </Header>
        }
        columnDefinitions={[
          { id: 'name', header: 'Group', isRowHeader: true, cell: (each) => each.name },
          {
            id: 'algorithm',
            header: 'Algorithm',
            minWidth: 130,
            cell: (each) => `${each.algorithm}${each.sticky ? ', sticky' : ''}`,
          },
          { id: 'check', header: 'Health check', minWidth: 260, cell: (each) => description(each.health_check) },
          { id: 'delay', header: 'Deregistration delay (s)', cell: (each) => each.deregistration_delay_s },
          {
            id: 'acts',
            header: 'Actions',
            minWidth: 150,
            cell: (each) => (
              <SpaceBetween direction="horizontal" size="s">
                <ActionButton kind={kind} document={document} action={grouping(document, each)} isInline />
                {each.name !== 'default' && !used.has(each.name) && (
                  <ActionButton kind={kind} document={document} action={ungroup(document, each)} isInline />
                )}
              </SpaceBetween>
            ),
          },
        ]}
      />
      <Certificates kind={kind} document={document} />
    </SpaceBetween>
  );
}

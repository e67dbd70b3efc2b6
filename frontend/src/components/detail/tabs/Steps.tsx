'use client';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { typed } from '@/api/types';
import { byKind, pageOf } from '@/resources';
import { applying, cancelling, refreshing, type Step } from '@/resources/plan';
import type { TabProps } from '@/resources/types';
import { ActionButton } from '@/components/actions/Actions';
import { Changes, type Change } from '@/components/detail/tabs/History';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';

/** As `cloud plan show` prints them. */
const SIGNS: Record<string, string> = {
  create: '+',
  restore: '+',
  change: '~',
  start: '~',
  stop: '~',
  replace: '±',
  swap: '±',
  trash: '-',
  delete: '-',
  cannot: '!',
};

/** The steps of a plan: what each changes, what becomes of data, and how far it is. */
export function Steps({ kind, document }: TabProps) {
  const { steps, progress } = typed('plan', document).observed;
  return (
    <Table<Step>
      variant="container"
      contentDensity="compact"
      wrapLines
      items={steps}
      trackBy="id"
      ariaLabels={{ tableLabel: 'Steps' }}
      empty="Nothing to do: everything is as it should be"
      header={
        <Header
          variant="h2"
          counter={`(${progress.completed ?? 0}/${steps.length})`}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {[applying, refreshing, cancelling].map((action) => (
                <ActionButton key={action.id} kind={kind} document={document} action={action} />
              ))}
            </SpaceBetween>
          }
        >
          Steps
        </Header>
      }
      columnDefinitions={[
        { id: 'what', header: 'What', isRowHeader: true, minWidth: 180, cell: (step) => <What step={step} /> },
        { id: 'status', header: 'Status', width: 130, cell: ({ status }) => <Status status={status} /> },
      ]}
    />
  );
}

function What({ step }: { step: Step }) {
  const { action, resource, data, reason } = step;
  const page = resource.id === null ? null : pageOf(resource.kind, resource.id);
  return (
    <div className="whole">
      <code>{SIGNS[action] ?? '?'}</code> {action === 'cannot' ? 'cannot be done' : action}{' '}
      {byKind(resource.kind)?.one ?? resource.kind}{' '}
      {page ? <Link to={page}>{resource.name}</Link> : <b>{resource.name}</b>}
      <div className="small">
        <Changes changes={changesOf(step)} />
        {data && <div>{data}</div>}
        {reason && <div className="soft">{reason}</div>}
      </div>
    </div>
  );
}

/** A resource that comes back or goes is whole: only what is changed or created has fields to look at. */
const WHOLE = ['restore', 'trash', 'delete'];

function changesOf({ action, before, after }: Step): Change[] {
  if (WHOLE.includes(action)) return [];
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const changes = [...fields].map((field) => ({
    field,
    before: (before ?? {})[field] ?? null,
    after: (after ?? {})[field] ?? null,
  })) as Change[];
  return changes.filter(({ before, after }) => !isEmpty(before) || !isEmpty(after));
}

const isEmpty = (value: unknown) =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

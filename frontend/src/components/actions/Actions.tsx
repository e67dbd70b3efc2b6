'use client';
/** Runs an action on one or many resources and reports the outcome in a notification. */
import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { ask, askDocument, Problem } from '@/api/client';
import type { Document } from '@/api/types';
import type { Action, Kind, Values } from '@/resources/types';
import { commandsOf } from '@/lib/commandsOf';
import { usePermission } from '@/lib/usePermission';
import { bodyOf } from '@/lib/forms';
import { ActionDialog } from '@/components/actions/ActionDialog';
import { useNotifications } from '@/components/notifications/Notifications';

function requestOf(action: Action, document: Document, values: Values, isAlone: boolean) {
  const start = isAlone ? action.start?.(document) : undefined;
  const body = action.body
    ? action.body(values, document, isAlone)
    : action.fields && bodyOf(action.fields, values, start);
  return {
    method: action.method ?? ('POST' as const),
    in: { id_or_name: document.id, id: document.id, ...action.in?.(values) },
    query: action.query?.(values),
    body,
    version: action.isGuarded ? document.version : undefined,
  };
}

const ATTEMPTS = 5;
const specOf = ({ spec, tags }: Document) => JSON.stringify([spec, tags]);

/** Send the request. Retries after a change of observed values only, not after a changed specification. */
async function send(action: Action, document: Document, values: Values, isAlone: boolean): Promise<Document> {
  let now = document;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await askDocument(action.path, requestOf(action, now, values, isAlone));
    } catch (problem) {
      if ((problem as Problem).code !== 'stale_version' || attempt === ATTEMPTS) throw problem;
      now = await ask('/api/resources/{id_or_name}', { in: { id_or_name: document.id } });
      if (specOf(now) !== specOf(document)) throw problem;
    }
  }
}

/**
 * Runs an action on each document in order; a failure does not stop the others. For a single document the problem is
 * returned so that the form can show it; for many it becomes a notification.
 */
export function useRunAction() {
  const { say, follow } = useNotifications();
  const client = useQueryClient();
  return async (action: Action, documents: Document[], values: Values, isForm = false): Promise<Problem | null> => {
    const isAlone = documents.length === 1;
    const accepted: Document[] = [];
    const failed: { name: string; problem: Problem }[] = [];
    for (const document of documents) {
      await send(action, document, values, isAlone).then(
        (answer) => accepted.push(answer),
        (problem: Problem) => failed.push({ name: document.name, problem }),
      );
    }
    void client.invalidateQueries({ queryKey: ['now'] });
    // A form has shown it already.
    const command = isForm ? undefined : commandsOf(action, documents, values);
    if (accepted.length > 0) follow(action.label, accepted, { ...action, command });
    const [first] = failed;
    if (!first) return null;
    if (isAlone && isForm) return first.problem;
    const lines =
      failed.length > 1 ? failed.slice(1).map(({ name, problem }) => `${name}: ${problem.detail}`) : undefined;
    say({
      type: 'error',
      text: `${action.label} failed for ${isAlone ? first.name : `${failed.length} of ${documents.length}`}`,
      problem: first.problem,
      lines,
    });
    return first.problem;
  };
}

const isPlain = (action: Action) => !action.isDestructive && (action.fields ?? []).length === 0;

/** Runs an action at once, or opens its form first. */
export function useActions(kind: Kind) {
  const runAction = useRunAction();
  const [asked, setAsked] = useState<{ action: Action; documents: Document[] } | null>(null);
  const begin = (action: Action, documents: Document[]) => {
    if (isPlain(action)) void runAction(action, documents, {});
    else setAsked({ action, documents });
  };
  const dialog = asked && <ActionDialog kind={kind} {...asked} close={() => setAsked(null)} runAction={runAction} />;
  return { begin, dialog };
}

function fits(action: Action, documents: Document[]): boolean {
  if (documents.length === 0 || (action.isSingle && documents.length > 1)) return false;
  return documents.every(
    (each) => (action.when === undefined || action.when.includes(each.status)) && (action.fits?.(each) ?? true),
  );
}

export function ActionMenu({ kind, documents }: { kind: Kind; documents: Document[] }) {
  const may = { operator: usePermission('operator'), admin: usePermission('admin') };
  const { begin, dialog } = useActions(kind);
  const can = (action: Action) => may[action.role ?? 'operator'] && fits(action, documents);
  if (kind.actions.length === 0) return null;
  return (
    <>
      <ButtonDropdown
        disabled={!kind.actions.some(can)}
        expandToViewport
        items={kind.actions.map((action) => ({ id: action.id, text: action.label, disabled: !can(action) }))}
        onItemClick={({ detail }) =>
          begin(
            kind.actions.find(({ id }) => id === detail.id)!,
            documents,
          )
        }
      >
        Actions
      </ButtonDropdown>
      {dialog}
    </>
  );
}

/** A button for one action, such as in a table row. */
export function ActionButton({
  kind,
  document,
  action,
  isInline = false,
}: {
  kind: Kind;
  document: Document;
  action: Action;
  isInline?: boolean;
}) {
  const may = usePermission(action.role ?? 'operator');
  const { begin, dialog } = useActions(kind);
  return (
    <>
      <Button
        variant={isInline ? 'inline-link' : 'normal'}
        disabled={!may || !fits(action, [document])}
        ariaLabel={isInline ? `${action.label}: ${action.id}` : undefined}
        onClick={() => begin(action, [document])}
      >
        {action.label}
      </Button>
      {dialog}
    </>
  );
}

'use client';
/** The form of an action. It stays open until the API accepts the request, and shows the error otherwise. */
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Problem } from '@/api/client';
import type { Document } from '@/api/types';
import type { Action, Kind, Values } from '@/resources/types';
import { commandsOf } from '@/lib/commandsOf';
import { fieldOf, initial, mistakes } from '@/lib/forms';
import { LocalTime } from '@/components/display/LocalTime';
import { Command } from '@/components/display/Command';
import { useSession } from '@/lib/reading';
import { Fields } from '@/components/forms/Fields';

type RunAction = (action: Action, documents: Document[], values: Values, isForm: boolean) => Promise<Problem | null>;
type Props = { kind: Kind; action: Action; documents: Document[]; close: () => void; runAction: RunAction };

/** The submit button is outside of the form; Enter submits it, too. */
const FORM = 'action-form';

export function ActionDialog({ kind, action, documents, close, runAction }: Props) {
  const fields = action.fields ?? [];
  const isAlone = documents.length === 1;
  // As it was when the form was opened: what happens meanwhile does not overwrite what is typed.
  const [was] = useState(documents);
  const [values, setValues] = useState(() => ({ ...initial(fields), ...(isAlone ? action.start?.(was[0]!) : {}) }));
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const wanted = isAlone ? was[0]!.name : `${action.label.toLowerCase()} ${was.length}`;
  const wrong = mistakes(fields, values);
  const isReady = Object.keys(wrong).length === 0 && (!action.isDestructive || typed === wanted);
  const refused = fieldOf(fields, problem?.field ?? null);
  async function go() {
    if (!isReady || isBusy) return;
    setBusy(true);
    const found = await runAction(action, was, values, true);
    setBusy(false);
    if (found === null || !isAlone) close();
    else setProblem(found);
  }
  return (
    <Modal
      visible
      onDismiss={close}
      size={fields.some(({ type }) => type === 'rows') ? 'large' : 'medium'}
      header={`${action.label}: ${isAlone ? wanted : `${was.length} ${kind.many.toLowerCase()}`}`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" form={FORM} disabled={!isReady} loading={isBusy}>
              {action.label}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        id={FORM}
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <SpaceBetween size="m">
          {action.isDestructive && !isAlone && <Box>{was.map(({ name }) => name).join(', ')}</Box>}
          {action.isKept && <Kept isPurged={values.purge === 'true'} />}
          <Fields
            fields={fields}
            values={values}
            change={(next) => {
              setValues(next);
              setProblem(null);
            }}
            errors={{ ...given(wrong, values), ...(refused && problem ? { [refused.name]: problem.detail } : {}) }}
          />
          {action.isDestructive && (
            <FormField
              label={
                <>
                  To be sure, type <b>{wanted}</b>
                </>
              }
            >
              <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} autoComplete={false} autoFocus />
            </FormField>
          )}
          {problem && (
            <Alert type="error">
              {refused ? 'The cloud refused it.' : problem.detail}
              {problem.requestId && (
                <div>
                  request id: <code>{problem.requestId}</code>
                </div>
              )}
            </Alert>
          )}
          <Command text={commandsOf(action, was, values)} />
        </SpaceBetween>
      </form>
    </Modal>
  );
}

/** Until when it can be restored. */
function Kept({ isPurged }: { isPurged: boolean }) {
  const { data: session } = useSession();
  const [began] = useState(() => Date.now());
  const hours = session?.trash_hours ?? 0;
  if (hours === 0 || isPurged) return <Alert type="warning">It is removed for good, with its files and secrets.</Alert>;
  return (
    <Alert type="info">
      It can be restored from the trash until <LocalTime at={new Date(began + hours * 3_600_000).toISOString()} />.
    </Alert>
  );
}

/** Errors of empty fields are not shown: the button stays disabled until they are filled. */
const given = (wrong: Record<string, string>, values: Values) =>
  Object.fromEntries(Object.entries(wrong).filter(([name]) => name.includes('.') || (values[name] ?? '') !== ''));

'use client';
/** What an action asks for before it is carried out. It stays until the API agrees, and shows what it says. */
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
import type { Action, Kind, Values } from '@/kinds/kind';
import { commandsOf } from '@/lib/acting';
import { fieldOf, initial, mistakes } from '@/lib/forms';
import { Command } from './Command';
import { Fields } from './Fields';

type Act = (action: Action, documents: Document[], values: Values, isForm: boolean) => Promise<Problem | null>;
type Props = { kind: Kind; action: Action; documents: Document[]; close: () => void; act: Act };

/** Its button stands outside of it; Enter sends it, too. */
const FORM = 'asked-for';

export function Dialog({ kind, action, documents, close, act }: Props) {
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
    const found = await act(action, was, values, true);
    setBusy(false);
    if (found === null || !isAlone) close();
    else setProblem(found);
  }
  return (
    <Modal visible onDismiss={close} size={fields.some(({ type }) => type === 'rows') ? 'large' : 'medium'}
      header={`${action.label}: ${isAlone ? wanted : `${was.length} ${kind.many.toLowerCase()}`}`}
      footer={
        <Box float="right"><SpaceBetween direction="horizontal" size="xs">
          <Button variant="link" onClick={close}>Cancel</Button>
          <Button variant="primary" formAction="submit" form={FORM} disabled={!isReady} loading={isBusy}>{action.label}</Button>
        </SpaceBetween></Box>
      }>
      <form id={FORM} onSubmit={(event) => { event.preventDefault(); void go(); }}>
        <SpaceBetween size="m">
          {action.isDestructive && !isAlone && <Box>{was.map(({ name }) => name).join(', ')}</Box>}
          <Fields fields={fields} values={values} change={(next) => { setValues(next); setProblem(null); }}
            errors={{ ...given(wrong, values), ...(refused && problem ? { [refused.name]: problem.detail } : {}) }} />
          {action.isDestructive && (
            <FormField label={<>To be sure, type <b>{wanted}</b></>}>
              <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} autoComplete={false} autoFocus />
            </FormField>
          )}
          {problem && (
            <Alert type="error">{refused ? 'The cloud refused it.' : problem.detail}{problem.requestId && <div>request id: <code>{problem.requestId}</code></div>}</Alert>
          )}
          <Command text={commandsOf(action, was, values)} />
        </SpaceBetween>
      </form>
    </Modal>
  );
}

/** What is missing is not told before anything was typed there: the button waits for it anyway. */
const given = (wrong: Record<string, string>, values: Values) =>
  Object.fromEntries(Object.entries(wrong).filter(([name]) => name.includes('.') || (values[name] ?? '') !== ''));

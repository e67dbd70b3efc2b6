'use client';
/** What can be done with resources: asked for once, carried out for each, told at the end. */
import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ask, Problem } from '@/api/client';
import type { Document } from '@/api/types';
import type { Action, Kind } from '@/kinds/kind';
import { useMay } from '@/lib/acting';
import { bodyOf, initial, mistakes, type Values } from '@/lib/forms';
import { Command } from './Command';
import { Fields } from './Fields';
import { useNotices } from './Notices';

/** One at a time: the API is told in order, and what fails does not keep the others from being done. */
function useAct() {
  const { say } = useNotices();
  const client = useQueryClient();
  return async (action: Action, documents: Document[], values: Values) => {
    const names = documents.length === 1 ? documents[0]!.name : `${documents.length} resources`;
    const tell = say({ type: 'in-progress', text: `${action.label}: ${names}` });
    const failed: Problem[] = [];
    for (const { id } of documents) {
      const body = action.fields === undefined ? undefined : bodyOf(action.fields, values);
      await ask(action.path, { method: action.method ?? 'POST', in: { id_or_name: id }, body }).catch((problem: Problem) => failed.push(problem));
    }
    void client.invalidateQueries({ queryKey: ['now'] });
    const [problem] = failed;
    if (problem) tell({ type: 'error', text: `${action.label} failed for ${failed.length} of ${documents.length}`, problem });
    else tell({ type: 'success', text: `${action.label}: ${names}: accepted` });
  };
}

export function ActionMenu({ kind, documents }: { kind: Kind; documents: Document[] }) {
  const may = { operator: useMay('operator'), admin: useMay('admin') };
  const [asked, setAsked] = useState<Action | null>(null);
  const act = useAct();
  const fits = (action: Action) =>
    documents.length > 0 && may[action.role ?? 'operator'] &&
    documents.every(({ status }) => action.when === undefined || action.when.includes(status));
  if (kind.actions.length === 0) return null;
  return (
    <>
      <ButtonDropdown disabled={!kind.actions.some(fits)}
        items={kind.actions.map((action) => ({ id: action.id, text: action.label, disabled: !fits(action) }))}
        onItemClick={({ detail }) => {
          const action = kind.actions.find(({ id }) => id === detail.id)!;
          if (action.isDestructive || (action.fields ?? []).length > 0) setAsked(action);
          else void act(action, documents, {});
        }}>Actions</ButtonDropdown>
      {asked && <Dialog kind={kind} action={asked} documents={documents} close={() => setAsked(null)} act={act} />}
    </>
  );
}

type DialogProps = { kind: Kind; action: Action; documents: Document[]; close: () => void; act: ReturnType<typeof useAct> };

function Dialog({ kind, action, documents, close, act }: DialogProps) {
  const [values, setValues] = useState(() => initial(action.fields ?? []));
  const [typed, setTyped] = useState('');
  const wanted = documents.length === 1 ? documents[0]!.name : `${action.label.toLowerCase()} ${documents.length}`;
  const wrong = mistakes(action.fields ?? [], values);
  const isReady = Object.keys(wrong).length === 0 && (!action.isDestructive || typed === wanted);
  const go = () => {
    close();
    void act(action, documents, values);
  };
  return (
    <Modal visible onDismiss={close} header={`${action.label} ${documents.length === 1 ? wanted : `${documents.length} ${kind.many.toLowerCase()}`}`}
      footer={
        <Box float="right"><SpaceBetween direction="horizontal" size="xs">
          <Button variant="link" onClick={close}>Cancel</Button>
          <Button variant="primary" disabled={!isReady} onClick={go}>{action.label}</Button>
        </SpaceBetween></Box>
      }>
      <form onSubmit={(event) => { event.preventDefault(); if (isReady) go(); }}>
        <SpaceBetween size="m">
          {action.isDestructive && documents.length > 1 && <Box>{documents.map(({ name }) => name).join(', ')}</Box>}
          <Fields fields={action.fields ?? []} values={values} change={setValues} errors={{}} />
          {action.isDestructive && (
            <FormField label={<>To be sure, type <b>{wanted}</b></>}>
              <Input value={typed} onChange={({ detail }) => setTyped(detail.value)} autoComplete={false} autoFocus />
            </FormField>
          )}
          <Command text={documents.map(({ name }) => `cloud ${action.command(name, values)}`).slice(0, 3).join('\n')} />
        </SpaceBetween>
      </form>
    </Modal>
  );
}

'use client';
/** Proposes a plan and opens its page. Nothing changes until the plan is applied there. */
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { askDocument, Problem } from '@/api/client';
import { fieldsOf } from '@/resources/fields';
import { pageOf } from '@/resources';
import { bodyOf, changing, initial } from '@/lib/forms';
import { useRole } from '@/lib/usePermission';
import { useTime } from '@/lib/time';
import { Command } from '@/components/display/Command';
import { Fields } from '@/components/forms/Fields';
import { useNotifications } from '@/components/notifications/Notifications';

type Proposal = { type: 'rewind' | 'undo' } & Record<string, unknown>;

function usePropose() {
  const router = useRouter();
  const { show } = useTime();
  return async (proposal: Proposal): Promise<Problem | null> => {
    try {
      const { kind, id } = await askDocument('/api/plans', { method: 'POST', body: proposal });
      show(null);
      router.push(pageOf(kind, id)!);
      return null;
    } catch (problem) {
      return problem as Problem;
    }
  };
}

/** A button beside a request in the timeline. */
export function Undo({ position }: { position: number }) {
  const propose = usePropose();
  const { say } = useNotifications();
  const { at } = useTime();
  const isAllowed = useRole('operator') && at === null;
  const undo = async () => {
    const problem = await propose({ type: 'undo', position });
    if (problem) say({ type: 'error', text: 'Undo', problem });
  };
  return (
    <Button
      variant="inline-link"
      disabled={!isAllowed}
      ariaLabel={`Undo: position ${position}`}
      onClick={() => void undo()}
    >
      <span className="line">Undo…</span>
    </Button>
  );
}

const FIELDS = fieldsOf('RewindPlan', [{ name: 'data', option: '--data' }]);

/** A button at a moment of the past. */
export function Rewind({ at }: { at: number }) {
  const isAllowed = useRole('operator');
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button disabled={!isAllowed} onClick={() => setOpen(true)}>
        Rewind the cloud to this moment…
      </Button>
      {isOpen && <RewindDialog at={at} close={() => setOpen(false)} />}
    </>
  );
}

function RewindDialog({ at, close }: { at: number; close: () => void }) {
  const propose = usePropose();
  const [values, setValues] = useState(() => initial(FIELDS));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    setProblem(await propose({ type: 'rewind', to: String(at), ...bodyOf(FIELDS, values) }));
    setBusy(false);
  };
  return (
    <Modal
      visible
      onDismiss={close}
      header="Rewind the cloud to this moment"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
            <Button variant="primary" loading={isBusy} onClick={() => void go()}>
              Show the plan
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>The plan shows each step. Nothing changes until you apply it.</Box>
        <Fields fields={FIELDS} values={values} change={setValues} errors={{}} />
        {problem && <Alert type="error">{problem.detail}</Alert>}
        <Command text={`cloud ${changing('rewind', `--to=${at}`, FIELDS, values, initial(FIELDS))}`} />
      </SpaceBetween>
    </Modal>
  );
}

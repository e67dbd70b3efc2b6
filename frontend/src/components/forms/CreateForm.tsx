'use client';
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { request, Problem } from '@/api/client';
import type { Document } from '@/api/types';
import type { Kind } from '@/resources/types';
import { usePermission } from '@/lib/usePermission';
import { bodyOf, commandOf, fieldOf, initial, mistakes } from '@/lib/forms';
import { useNavigation } from '@/lib/navigation';
import { Command } from '@/components/display/Command';
import { Fields } from '@/components/forms/Fields';
import { useNotifications } from '@/components/notifications/Notifications';

type Create = NonNullable<Kind['create']>;

export function CreateForm({ kind, create }: { kind: Kind; create: Create }) {
  const { fields, verb, role } = create;
  const navigation = useNavigation();
  const { follow } = useNotifications();
  const may = usePermission(role);
  const [values, setValues] = useState(() => initial(fields));
  const [wasTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [key, setKey] = useState<string | null>(null);
  const wrong = mistakes(fields, values);
  const about = fieldOf(fields, problem?.field ?? null);
  const refused = about && problem ? { [about.name]: problem.detail } : {};

  async function submit() {
    setTried(true);
    if (Object.keys(wrong).length > 0) return;
    setBusy(true);
    setProblem(null);
    try {
      const { key: shownOnce, ...made } = await request<Document & { key?: string }>(kind.list, {
        method: 'POST',
        body: bodyOf(fields, values),
      });
      follow(`${verb} ${kind.one}`, [made], create);
      if (shownOnce) setKey(shownOnce);
      else navigation.go(`/${kind.slug}/detail/?id=${made.id}`);
    } catch (error) {
      setProblem(error as Problem);
    }
    setBusy(false);
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Form
        header={
          <Header variant="h1" description={kind.about}>
            {verb} {kind.one}
          </Header>
        }
        errorText={
          problem && (
            <>
              {problem.detail}
              <br />
              request id: {problem.requestId}
            </>
          )
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => navigation.go(`/${kind.slug}/`)}>
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" loading={isBusy} disabled={!may || key !== null}>
              {verb} {kind.one}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {key && (
            <Alert type="success" header="The key, shown this once">
              <CopyToClipboard
                variant="inline"
                textToCopy={key}
                copyButtonAriaLabel="Copy the key"
                copySuccessText="Copied"
                copyErrorText="Not copied"
              />
            </Alert>
          )}
          <Container>
            <Fields
              fields={fields}
              values={values}
              change={(next) => {
                setValues(next);
                setProblem(null);
              }}
              errors={{ ...(wasTried ? wrong : {}), ...refused }}
            />
          </Container>
          <Command text={commandOf(create, values)} />
        </SpaceBetween>
      </Form>
    </form>
  );
}

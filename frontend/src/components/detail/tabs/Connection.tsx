'use client';
import { useState } from 'react';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { usePermission } from '@/lib/usePermission';
import { label, plain } from '@/lib/format';
import { useAnswer } from '@/lib/reading';
import type { Path } from '@/api/types';
import type { TabProps } from '@/resources/types';

/** Connection details contain a password, so they are read only when the user asks for them. */
export function Connection({ kind, document }: TabProps) {
  const [isShown, setShown] = useState(false);
  const may = usePermission();
  const path = `${kind.item}/connection` as Path;
  const { data, error } = useAnswer<Record<string, unknown>>(
    path,
    { in: { id_or_name: document.id } },
    { hasPast: false, enabled: isShown && may },
  );
  if (!may)
    return <Alert type="info">A connection holds a password: it is shown for now only, and to operators.</Alert>;
  if (error) return <Alert type="error">{error.detail}</Alert>;
  if (!isShown || data === undefined)
    return (
      <Button onClick={() => setShown(true)} loading={isShown}>
        Show the connection, with its password
      </Button>
    );
  return (
    <Container
      header={
        <Header variant="h2" actions={<Button onClick={() => setShown(false)}>Hide</Button>}>
          Connection
        </Header>
      }
    >
      <KeyValuePairs
        columns={2}
        items={Object.entries(data)
          .filter(([, value]) => value != null)
          .map(([key, value]) => ({
            label: label(key),
            value: (
              <CopyToClipboard
                variant="inline"
                textToCopy={plain(value)}
                copyButtonAriaLabel={`Copy ${label(key)}`}
                copySuccessText="Copied"
                copyErrorText="Not copied"
              />
            ),
          }))}
      />
    </Container>
  );
}

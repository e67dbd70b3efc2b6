'use client';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { Body, Document } from '@/api/types';
import { bytes, plain } from '@/lib/format';
import { useRead } from '@/lib/reading';
import { Command } from '@/components/display/Command';

type Message = Body['Message'];
const MOST = 20;

/** The oldest messages of a queue; they stay where they are. */
export function Messages({ document, queue, close }: { document: Document; queue: string; close: () => void }) {
  const { data, error, isFetching, refetch } = useRead(
    '/api/queues/{id_or_name}/peek',
    { in: { id_or_name: document.id }, query: { queue, limit: MOST } },
    { hasPast: false },
  );
  if (error)
    return (
      <Alert type="info" dismissible onDismiss={close}>
        {error.detail}
      </Alert>
    );
  return (
    <Table<Message>
      variant="container"
      contentDensity="compact"
      wrapLines
      loading={isFetching}
      loadingText="Looking"
      items={data?.items ?? []}
      ariaLabels={{ tableLabel: 'Messages' }}
      empty="No message waits"
      header={
        <Header
          variant="h2"
          description={`The oldest ${MOST} at most; they stay`}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel="Look again" onClick={() => void refetch()} />
              <Button onClick={close}>Hide</Button>
            </SpaceBetween>
          }
        >
          Messages of {queue}
        </Header>
      }
      footer={<Command text={`cloud queue peek ${document.name} ${queue} --limit ${MOST}`} />}
      columnDefinitions={[
        {
          id: 'text',
          header: 'Message',
          isRowHeader: true,
          minWidth: 260,
          cell: (each) => <code className="whole">{each.text ?? each.base64}</code>,
        },
        { id: 'size', header: 'Size', cell: (each) => bytes(each.size) },
        { id: 'headers', header: 'Headers', minWidth: 120, cell: (each) => plain(each.headers) },
        { id: 'again', header: 'Delivered before', cell: (each) => plain(each.redelivered) },
      ]}
    />
  );
}

'use client';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { useRead } from '@/lib/reading';
import { ActivityFeed } from '@/components/timeline/ActivityFeed';
import type { TabProps } from '@/resources/types';

/** The causes of the current state: a sentence, then the chain of events, newest first. */
export function Why({ kind, document }: TabProps) {
  const { data, error } = useRead('/api/resources/{id_or_name}/why', {
    in: { id_or_name: document.id },
    query: { kind: kind.kind },
  });
  if (error) return <Alert type="error">{error.detail}</Alert>;
  return (
    <Container header={<Header variant="h2">Why it is {document.status}</Header>}>
      <Box variant="p">{data?.why}</Box>
      <ActivityFeed events={data?.chain ?? []} />
    </Container>
  );
}

'use client';
import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import type { Path } from '@/api/types';
import { figure, label } from '@/lib/format';
import { useAnswer } from '@/lib/reading';
import { useTime } from '@/lib/time';
import type { TabProps } from '@/resources/types';

const EVERY_MS = 2000;

/** The statistics that a server reports. */
export function Stats({ kind, document }: TabProps) {
  const { at } = useTime();
  const { data, error } = useAnswer<Record<string, unknown>>(
    `${kind.item}/stats` as Path,
    { in: { id_or_name: document.id } },
    { hasPast: false, everyMs: EVERY_MS, enabled: at === null },
  );
  if (at !== null)
    return (
      <Alert type="info">
        What a server says of itself is shown for now only: see Metrics for what it used at this moment.
      </Alert>
    );
  if (error) return <Alert type="info">{error.detail}</Alert>;
  const figures = Object.entries(data ?? {}).filter(([, value]) => typeof value !== 'object' || value === null);
  return (
    <Container
      header={
        <Header variant="h2" description="Asked of the server itself, every two seconds">
          Figures
        </Header>
      }
    >
      <KeyValuePairs
        columns={4}
        items={figures.map(([name, value]) => ({
          label: label(name.replace(/_bytes$/, '')),
          value: figure(name, value),
        }))}
      />
    </Container>
  );
}

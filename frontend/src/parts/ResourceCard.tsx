import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import type { Kind } from '@/kinds/kind';
import { tone } from '@/lib/format';
import { Go } from './Go';
import { Status } from './Status';

export type Count = { total: number; by_status: Record<string, number> };
const ORDER = ['error', 'warning', 'pending', 'in-progress', 'success', 'stopped', 'info'];

/** How many there are of a kind, by status, the problems first; nothing is claimed before that is known. */
export function ResourceCard({ kind, count }: { kind: Kind; count: Count | undefined }) {
  const statuses = Object.entries(count?.by_status ?? {})
    .sort(([a], [b]) => ORDER.indexOf(tone(a)) - ORDER.indexOf(tone(b)));
  return (
    <Container fitHeight>
      <div data-testid={`card-${kind.slug}`}>
        <div><Go to={`/${kind.slug}/`}>{kind.many}</Go></div>
        <div><Box variant="awsui-value-large">{count?.total ?? '–'}</Box></div>
        {count?.total === 0 && <Box color="text-body-secondary" fontSize="body-s">none yet</Box>}
        {statuses.map(([status, number]) => (
          <div key={status}><Status status={status} /> <Box variant="small">{number}</Box></div>
        ))}
      </div>
    </Container>
  );
}

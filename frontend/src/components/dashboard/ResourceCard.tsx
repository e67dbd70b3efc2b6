import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import type { Kind } from '@/resources/types';
import { tone } from '@/lib/format';
import { Link } from '@/components/display/Link';
import { Status } from '@/components/display/Status';

export type Count = { total: number; by_status: Record<string, number> };
const ORDER = ['error', 'warning', 'pending', 'in-progress', 'success', 'stopped', 'info'];

/** The number of resources of a kind by status, problems first; empty until the count is known. */
export function ResourceCard({ kind, count }: { kind: Kind; count: Count | undefined }) {
  const statuses = Object.entries(count?.by_status ?? {}).sort(
    ([a], [b]) => ORDER.indexOf(tone(a)) - ORDER.indexOf(tone(b)),
  );
  return (
    <Container fitHeight>
      <div data-testid={`card-${kind.slug}`}>
        <div>
          <Link to={`/${kind.slug}/`}>{kind.many}</Link>
        </div>
        <div>
          <Box variant="awsui-value-large">{count?.total ?? '–'}</Box>
        </div>
        {count?.total === 0 && (
          <Box color="text-body-secondary" fontSize="body-s">
            none yet
          </Box>
        )}
        {statuses.map(([status, number]) => (
          <div key={status}>
            <Status status={status} /> <Box variant="small">{number}</Box>
          </div>
        ))}
      </div>
    </Container>
  );
}

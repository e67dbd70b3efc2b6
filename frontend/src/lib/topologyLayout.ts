/** The layout of the topology: a box per VPC with columns of balancers, instances and data stores. */
import { typed, type Document } from '@/api/types';

export const WIDTH = 178;
export const HEIGHT = 62;
const GAP = 22;
const HEAD = 34;
const PER_COLUMN = 8;
/** From this number of instances on, a VPC shows their number by status instead of each of them. */
export const MANY = 60;

export type Box = { id: string; x: number; y: number; width: number; height: number };
type Ref = { id: string } | null | undefined;
const RANK: Record<string, number> = { load_balancer: 0, instance: 1, database: 2, cache: 2, queue: 2 };

export const vpcOf = (document: Document): string | null => (document.spec.vpc as Ref)?.id ?? null;
export const isDrawn = ({ kind }: Document) => kind in RANK;

/** Places of VPCs and of what is in them. Give all there ever was: then nothing moves while time does. */
export function place(all: Document[]): Map<string, Box> {
  const found = new Map<string, Box>();
  const byAge = all.toSorted((a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id));
  let top = 0;
  for (const vpc of byAge.filter(({ kind }) => kind === 'vpc')) {
    const inside = byAge.filter((each) => isDrawn(each) && vpcOf(each) === vpc.id);
    let left = GAP;
    let lowest = 1;
    for (const rank of [0, 1, 2]) {
      const group = inside.filter(({ kind }) => RANK[kind] === rank);
      const shown = rank === 1 && group.length > MANY ? group.slice(0, 1) : group;
      const columns = Math.ceil(shown.length / PER_COLUMN);
      shown.forEach(({ id }, index) => {
        const [column, row] = [Math.floor(index / PER_COLUMN), index % PER_COLUMN];
        found.set(id, {
          id,
          x: left + column * (WIDTH + GAP),
          y: HEAD + row * (HEIGHT + GAP),
          width: WIDTH,
          height: HEIGHT,
        });
      });
      if (columns === 0) continue;
      left += columns * (WIDTH + GAP) + GAP * 2;
      lowest = Math.max(lowest, Math.min(shown.length, PER_COLUMN));
    }
    const width = Math.max(left - GAP, WIDTH + 2 * GAP);
    const height = HEAD + lowest * (HEIGHT + GAP);
    found.set(vpc.id, { id: vpc.id, x: 0, y: top, width, height });
    top += height + GAP * 2;
  }
  return found;
}

export type Line = { id: string; from: string; to: string; label: string; isHealthy: boolean };

/** What leads where: balancers to their targets. */
export const lines = (documents: Document[]): Line[] =>
  documents
    .filter(({ kind }) => kind === 'load_balancer')
    .flatMap((balancer) =>
      typed('load_balancer', balancer).observed.targets.flatMap(({ instance, state, port }) =>
        instance
          ? [
              {
                id: `${balancer.id}-${instance.id}-${port}`,
                from: balancer.id,
                to: instance.id,
                label: String(port),
                isHealthy: state === 'healthy',
              },
            ]
          : [],
      ),
    );

import { accessKey } from './access_key';
import { archive } from './archive';
import { cache } from './cache';
import { database } from './database';
import { instance } from './instance';
import type { Kind } from './types';
import { loadBalancer } from './load_balancer';
import { orphan } from './orphan';
import { plan } from './plan';
import { queue } from './queue';
import { scalingGroup } from './scaling_group';
import { securityGroup } from './security_group';
import { snapshot } from './snapshot';
import { subnet } from './subnet';
import { trash } from './trash';
import { volume } from './volume';
import { vpcKind } from './vpc';

/** In the order of the menu. */
export const KINDS: readonly Kind[] = [
  instance,
  scalingGroup,
  vpcKind,
  subnet,
  securityGroup,
  loadBalancer,
  volume,
  snapshot,
  database,
  archive,
  cache,
  queue,
  accessKey,
  plan,
  orphan,
];
/** Everything that has a list: the kinds, and the trash, which holds several of them. */
export const LISTS: readonly Kind[] = [...KINDS, trash];

export const bySlug = (slug: string) => LISTS.find((each) => each.slug === slug);
export const byKind = (kind: string) => KINDS.find((each) => each.kind === kind);

/** Where a resource is shown; null for a kind that the console does not know. */
export function pageOf(kind: string, id: string): string | null {
  const found = byKind(kind);
  return found ? `/${found.slug}/detail/?id=${id}` : null;
}

/** A resource that a value names, by its id or as `{id, name}`, with its page. */
export function refOf(value: unknown): { page: string; name: string } | null {
  const { id, name } =
    typeof value === 'object' && value !== null
      ? (value as { id?: unknown; name?: unknown })
      : { id: value, name: value };
  if (typeof id !== 'string') return null;
  const [, prefix] = /^([a-z]+)-[a-z2-7]{20,}$/.exec(id) ?? [];
  const found = KINDS.find((each) => each.prefix === prefix);
  return found ? { page: `/${found.slug}/detail/?id=${id}`, name: typeof name === 'string' ? name : id } : null;
}

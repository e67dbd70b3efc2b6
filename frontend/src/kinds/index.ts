import { accessKey } from './access_key';
import { cache } from './cache';
import { database } from './database';
import { instance } from './instance';
import type { Kind } from './kind';
import { loadBalancer } from './load_balancer';
import { queue } from './queue';
import { scalingGroup } from './scaling_group';
import { snapshot } from './snapshot';
import { volume } from './volume';
import { vpcKind } from './vpc';

/** In the order of the menu. */
export const KINDS: readonly Kind[] = [
  instance, scalingGroup, vpcKind, loadBalancer, volume, snapshot, database, cache, queue, accessKey,
];

export const bySlug = (slug: string) => KINDS.find((each) => each.slug === slug);
export const byKind = (kind: string) => KINDS.find((each) => each.kind === kind);

/** Where a resource is shown; null for what has no page, such as an archive. */
export function pageOf(kind: string, id: string): string | null {
  const found = byKind(kind);
  return found ? `/${found.slug}/detail/?id=${id}` : null;
}

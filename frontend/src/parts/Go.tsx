'use client';
import type { ReactNode } from 'react';
import Link from '@cloudscape-design/components/link';
import { useWay } from '@/lib/way';

/** A link inside the console: the page changes without a reload. */
export function Go({ to, children, isOnColour = false }: { to: string; children: ReactNode; isOnColour?: boolean }) {
  const way = useWay();
  return <Link href={way.to(to)} color={isOnColour ? 'inverted' : 'normal'} onFollow={(event) => { event.preventDefault(); way.go(to); }}>{children}</Link>;
}

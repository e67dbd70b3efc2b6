'use client';
import { useRouter } from 'next/navigation';
import type { ReactNode } from 'react';
import Link from '@cloudscape-design/components/link';

/** A link inside the console: the page changes without a reload. */
export function Go({ to, children, isOnColour = false }: { to: string; children: ReactNode; isOnColour?: boolean }) {
  const router = useRouter();
  return <Link href={to} color={isOnColour ? 'inverted' : 'normal'} onFollow={(event) => { event.preventDefault(); router.push(to); }}>{children}</Link>;
}

'use client';
import { useRouter } from 'next/navigation';
import type { ReactNode } from 'react';
import Link from '@cloudscape-design/components/link';

/** A link inside the console: the page changes without a reload. */
export function Go({ to, children }: { to: string; children: ReactNode }) {
  const router = useRouter();
  return <Link href={to} onFollow={(event) => { event.preventDefault(); router.push(to); }}>{children}</Link>;
}

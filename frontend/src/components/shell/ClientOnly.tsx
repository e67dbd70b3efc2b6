'use client';
/** Renders in the browser only: the build knows no data. */
import dynamic from 'next/dynamic';
import type { ReactNode } from 'react';

const Providers = dynamic(() => import('@/components/shell/Providers'), {
  ssr: false,
  loading: () => <div className="bar" />,
});
export const ClientOnly = ({ children }: { children: ReactNode }) => <Providers>{children}</Providers>;

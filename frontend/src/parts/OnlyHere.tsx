'use client';
/** The console is drawn by the browser only: nothing of it is known when it is built. */
import dynamic from 'next/dynamic';
import type { ReactNode } from 'react';

const Providers = dynamic(() => import('./Providers'), { ssr: false, loading: () => <div className="bar" /> });
export const OnlyHere = ({ children }: { children: ReactNode }) => <Providers>{children}</Providers>;

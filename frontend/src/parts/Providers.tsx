'use client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import { LiveProvider } from '@/lib/live';
import { TimeProvider } from '@/lib/time';
import { Frame } from './Frame';
import { NoticesProvider } from './Notices';
import { SignedIn } from './Session';

export default function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { staleTime: 30_000 } } }));
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={client}>
        <TimeProvider>
          <NoticesProvider>
            <SignedIn><LiveProvider><Frame>{children}</Frame></LiveProvider></SignedIn>
          </NoticesProvider>
        </TimeProvider>
      </QueryClientProvider>
    </I18nProvider>
  );
}

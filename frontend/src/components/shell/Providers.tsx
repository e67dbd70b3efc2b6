'use client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import { LiveProvider } from '@/lib/live';
import { TimeProvider } from '@/lib/time';
import { AppShell } from '@/components/shell/AppShell';
import { NotificationsProvider } from '@/components/notifications/Notifications';
import { SignInGate } from '@/components/shell/SignInGate';

export default function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(() => new QueryClient({ defaultOptions: { queries: { staleTime: 30_000 } } }));
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={client}>
        <TimeProvider>
          <NotificationsProvider>
            <SignInGate>
              <LiveProvider>
                <AppShell>{children}</AppShell>
              </LiveProvider>
            </SignInGate>
          </NotificationsProvider>
        </TimeProvider>
      </QueryClientProvider>
    </I18nProvider>
  );
}

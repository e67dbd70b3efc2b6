import '@cloudscape-design/global-styles/index.css';
import './console.css';
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { ClientOnly } from '@/components/shell/ClientOnly';

export const metadata: Metadata = { title: 'miniaws', description: 'A cloud you can rewind.' };
export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <ClientOnly>{children}</ClientOnly>
      </body>
    </html>
  );
}

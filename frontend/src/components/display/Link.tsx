'use client';
import type { ReactNode } from 'react';
import CloudscapeLink from '@cloudscape-design/components/link';
import { useNavigation } from '@/lib/navigation';

/** A link inside the console: the page changes without a reload. */
export function Link({ to, children, isOnColour = false }: { to: string; children: ReactNode; isOnColour?: boolean }) {
  const navigation = useNavigation();
  return (
    <CloudscapeLink
      href={navigation.to(to)}
      color={isOnColour ? 'inverted' : 'normal'}
      onFollow={(event) => {
        event.preventDefault();
        navigation.go(to);
      }}
    >
      {children}
    </CloudscapeLink>
  );
}

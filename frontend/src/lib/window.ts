'use client';
/** Properties of the window, updated when they change. */
import { useCallback, useEffect, useSyncExternalStore } from 'react';

export function useMedia(query: string): boolean {
  const follow = useCallback(
    (told: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', told);
      return () => list.removeEventListener('change', told);
    },
    [query],
  );
  return useSyncExternalStore(follow, () => window.matchMedia(query).matches);
}

const DARK = 'awsui-dark-mode';

function followMode(told: () => void): () => void {
  const observer = new MutationObserver(told);
  observer.observe(document.body, { attributeFilter: ['class'] });
  return () => observer.disconnect();
}

/** For content that is not drawn with style sheets. */
export const useDark = (): boolean => useSyncExternalStore(followMode, () => document.body.classList.contains(DARK));

/** Remove the `aria-orientation` that Cloudscape sets on the menu of a phone: it is not allowed on a navigation. */
export function useAllowedNavigation(): void {
  useEffect(() => {
    const allow = () => document.querySelector('nav[aria-orientation]')?.removeAttribute('aria-orientation');
    const observer = new MutationObserver(allow);
    observer.observe(document.body, { childList: true, subtree: true });
    allow();
    return () => observer.disconnect();
  }, []);
}

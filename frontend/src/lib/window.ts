'use client';
/** What the window is like: asked anew whenever that changes. */
import { useCallback, useEffect, useSyncExternalStore } from 'react';

export function useMedia(query: string): boolean {
  const follow = useCallback((told: () => void) => {
    const list = window.matchMedia(query);
    list.addEventListener('change', told);
    return () => list.removeEventListener('change', told);
  }, [query]);
  return useSyncExternalStore(follow, () => window.matchMedia(query).matches);
}

const DARK = 'awsui-dark-mode';

function followMode(told: () => void): () => void {
  const observer = new MutationObserver(told);
  observer.observe(document.body, { attributeFilter: ['class'] });
  return () => observer.disconnect();
}

/** For what is drawn by other means than style sheets. */
export const useDark = (): boolean => useSyncExternalStore(followMode, () => document.body.classList.contains(DARK));

/** On a phone, Cloudscape says of the menu's bar which way it lies: a navigation may not, and readers of screens stumble. */
export function useAllowedNavigation(): void {
  useEffect(() => {
    const allow = () => document.querySelector('nav[aria-orientation]')?.removeAttribute('aria-orientation');
    const observer = new MutationObserver(allow);
    observer.observe(document.body, { childList: true, subtree: true });
    allow();
    return () => observer.disconnect();
  }, []);
}

'use client';
/** Navigation inside the console. Links keep the selected moment, also in a new tab. */
import { useRouter, useSearchParams } from 'next/navigation';
import { useMemo } from 'react';
import { atMoment, write } from './address';
import { useTime } from './time';

export function useNavigation() {
  const router = useRouter();
  const { at } = useTime();
  return useMemo(() => {
    const to = (page: string) => atMoment(page, at);
    return { to, go: (page: string) => router.push(to(page)) };
  }, [router, at]);
}

/** A parameter of the address, such as which tab is open; `first` is not written there. */
export function useQueryParam(name: string, first: string): [string, (next: string) => void] {
  const value = useSearchParams().get(name) ?? first;
  return [value, (next) => write({ [name]: next === first ? null : next })];
}

'use client';
/** What somebody prefers, kept in this browser. Never anything secret, nor anything of a cloud. */
import { useState } from 'react';

export function useKept<T>(name: string, first: T): [T, (next: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const text = window.localStorage.getItem(`miniaws-${name}`);
    try {
      return text === null ? first : (JSON.parse(text) as T);
    } catch {
      return first;
    }
  });
  return [value, (next: T) => {
    window.localStorage.setItem(`miniaws-${name}`, JSON.stringify(next));
    setValue(next);
  }];
}

'use client';
/** User preferences in the local storage of the browser. Never secrets, nor data of a cloud. */
import { useState } from 'react';

export function useLocalStorage<T>(name: string, first: T): [T, (next: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const text = window.localStorage.getItem(`miniaws-${name}`);
    try {
      return text === null ? first : (JSON.parse(text) as T);
    } catch {
      return first;
    }
  });
  return [
    value,
    (next: T) => {
      window.localStorage.setItem(`miniaws-${name}`, JSON.stringify(next));
      setValue(next);
    },
  ];
}

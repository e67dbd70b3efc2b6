import { expect, test } from 'vitest';
import type { Document } from '@/api/types';
import { instance } from '@/resources/instance';
import { commandsOf } from './commandsOf';

test('of many, the first three commands are said and the others counted', () => {
  const stop = instance.actions.find(({ id }) => id === 'stop')!;
  const documents = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, tags: {} }) as unknown as Document);
  expect(commandsOf(stop, documents.slice(0, 1), {})).toBe('cloud instance stop a');
  expect(commandsOf(stop, documents, {}).split('\n')).toEqual([
    'cloud instance stop a',
    'cloud instance stop b',
    'cloud instance stop c',
    '# and 2 more',
  ]);
});

import { expect, test } from 'vitest';
import { KINDS } from '@/resources';
import { OUTCOMES } from '@/resources/outcomes';
import { keep, recalled, type Operation } from './operations';

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
    clear: () => kept.clear(),
    key: () => null,
    get length() {
      return kept.size;
    },
  };
}
const stop: Operation = { id: '1', what: 'Stop', asked: [{ id: 'i-1', position: 7 }], outcome: 'settled', began: 5 };
const take: Operation = { ...stop, id: '2', what: 'Take snapshot', progress: '/api/snapshots/{id_or_name}/progress' };

test('what is under way comes back, and nothing is left when nothing is', () => {
  const tab = storage();
  keep(tab, [{ ...stop, command: 'cloud instance stop web-1' }, take]);
  expect(recalled(tab)).toEqual([stop, take]);
  keep(tab, []);
  expect([recalled(tab), tab.length]).toEqual([[], 0]);
});

test('what cannot be read is left out, and does not keep the page from being shown', () => {
  const tab = storage();
  for (const text of [
    '{',
    '7',
    '{}',
    '[null]',
    '[{"id":"1"}]',
    JSON.stringify([
      { ...stop, outcome: 'unknown' },
      { ...stop, asked: [] },
    ]),
  ]) {
    tab.setItem('miniaws-followed', text);
    expect(recalled(tab), text).toEqual([]);
  }
});

test('every action says by a known name how it ends', () => {
  const names = KINDS.flatMap(({ actions }) => actions.map(({ outcome = 'settled' }) => outcome));
  expect(names.filter((name) => !(name in OUTCOMES))).toEqual([]);
});

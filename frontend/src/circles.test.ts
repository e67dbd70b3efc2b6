/** Imports have no circles, also imports of types only: each file can be read after its imports. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = import.meta.dirname;

function files(): string[] {
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => path.join(ROOT, file));
}

/** What a file imports of this folder. */
function imports(file: string, known: ReadonlySet<string>): string[] {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'), true, true)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('@/') ? path.join(ROOT, fileName.slice(2)) : path.resolve(path.dirname(file), fileName),
    )
    .flatMap((base) =>
      ['.ts', '.tsx', '.d.ts', '/index.ts'].map((end) => base + end).filter((each) => known.has(each)),
    );
}

/** Files that import each other in a circle; none when there is no circle. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  function from(file: string, way: readonly string[]): string[] {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const found = from(next, [...way, file]);
      if (found.length) return found;
    }
    done.add(file);
    return [];
  }
  for (const file of graph.keys()) {
    const found = from(file, []);
    if (found.length) return found;
  }
  return [];
}

test('a circle is found', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', []],
    ['d', ['b']],
  ]);
  expect(circle(graph)).toEqual(['b', 'd', 'b']);
});

test('no file imports itself, over however many others', () => {
  const known = new Set(files());
  const graph = new Map([...known].map((file) => [file, imports(file, known)]));
  expect([...graph.values()].flat().length).toBeGreaterThan(200);
  expect(circle(graph).map((file) => path.relative(ROOT, file))).toEqual([]);
});

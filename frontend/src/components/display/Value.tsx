'use client';
/** Any value of a document: references are links, lists have one line per item. */
import type { ReactNode } from 'react';
import { refOf } from '@/resources';
import { isInstant, plain } from '@/lib/format';
import { Link } from '@/components/display/Link';
import { LocalTime } from '@/components/display/LocalTime';

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

export function Value({ value }: { value: unknown }): ReactNode {
  const ref = refOf(value);
  if (ref) {
    const more = isTree(value)
      ? Object.entries(value).filter(([key, each]) => key !== 'id' && key !== 'name' && each != null)
      : [];
    return (
      <>
        <Link to={ref.page}>{ref.name}</Link>
        {more.length > 0 && ` ${plain(Object.fromEntries(more))}`}
      </>
    );
  }
  if (Array.isArray(value) && value.some(isTree))
    return value.map((each, index) => (
      <div key={index}>
        <Value value={each} />
      </div>
    ));
  if (isTree(value) && Object.keys(value).length > 1)
    return Object.entries(value).map(([key, each]) => (
      <div key={key}>
        <span className="soft">{key}</span> {refOf(each) || isInstant(each) ? <Value value={each} /> : plain(each)}
      </div>
    ));
  return isInstant(value) ? <LocalTime at={value} /> : plain(value);
}

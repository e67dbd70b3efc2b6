/** The time slider without its looks: which event a moment belongs to, and where the marks are. */

export type Mark = { position: number; time: number; type: string; summary: string };

/** Index of the last mark that is not after `time`; -1 when all are. Marks are the oldest first. */
export function indexAt(marks: Mark[], time: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle]!.time <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the last mark whose position is not after `position`; -1 when all are. */
export function indexOf(marks: Mark[], position: number): number {
  let found = -1;
  marks.forEach((mark, index) => {
    if (mark.position <= position) found = index;
  });
  return found;
}

/** The mark `by` steps from the one that is shown, or null for the present; null stands for the present, too. */
export function step(marks: Mark[], position: number | null, by: 1 | -1): number | null {
  const at = position === null ? marks.length - 1 : indexOf(marks, position);
  const next = at + by;
  if (next >= marks.length - 1) return null;
  return marks[Math.max(0, next)]?.position ?? null;
}

export type Bar = { count: number; isBad: boolean };

/** How many events fall into each of `count` equal parts of a stretch of time, and whether one of them is bad. */
export function bars(marks: Mark[], from: number, to: number, count: number, isBad: (type: string) => boolean): Bar[] {
  const found: Bar[] = Array.from({ length: count }, () => ({ count: 0, isBad: false }));
  const width = Math.max(1, to - from);
  for (const mark of marks) {
    if (mark.time < from || mark.time > to) continue;
    const bar = found[Math.min(count - 1, Math.floor(((mark.time - from) / width) * count))]!;
    bar.count += 1;
    bar.isBad ||= isBad(mark.type);
  }
  return found;
}

/**
 * Compares the positions of answers with the newest position that the stream has sent. An answer can be older: a page
 * reads before its stream is connected, and while the controller is down, the stream is ahead of the reads.
 */
let newest = 0;
let oldestAnswer = Infinity;
let onStale: () => void = () => {};

const check = () => {
  if (oldestAnswer < newest) onStale();
};

/** The stream has reached this position. */
export function toldOf(position: number): void {
  newest = Math.max(newest, position);
  check();
}

/** An answer shows the log up to this position. */
export function answeredAt(position: number): void {
  oldestAnswer = Math.min(oldestAnswer, position);
  check();
}

/** Everything on the page is about to be read again: earlier answers no longer count. */
export function readAgain(): void {
  oldestAnswer = Infinity;
}

/** The positions are another cloud's or another session's from here on. */
export function forgetPositions(): void {
  newest = 0;
  oldestAnswer = Infinity;
}

/** Call back whenever an answer turns out to be older than an event of the stream; return what stops that. */
export function whenStale(callback: () => void): () => void {
  onStale = callback;
  return () => {
    onStale = () => {};
  };
}

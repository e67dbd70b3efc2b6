import { beforeEach, expect, test, vi } from 'vitest';
import { answeredAt, forgetPositions, readAgain, toldOf, whenStale } from './positions';

const stale = vi.fn();
beforeEach(() => {
  forgetPositions();
  stale.mockClear();
  whenStale(stale);
});

test('a page that read before its stream began reads again when something happened in between', () => {
  answeredAt(7);
  toldOf(7);
  expect(stale).not.toHaveBeenCalled();
  toldOf(8);
  expect(stale).toHaveBeenCalledTimes(1);
});

test('an answer that does not show an event yet is asked for again until it does', () => {
  toldOf(9);
  answeredAt(8);
  expect(stale).toHaveBeenCalledTimes(1);
  readAgain();
  answeredAt(8);
  expect(stale).toHaveBeenCalledTimes(2);
  readAgain();
  answeredAt(9);
  expect(stale).toHaveBeenCalledTimes(2);
});

test('positions of another cloud are forgotten', () => {
  toldOf(100);
  forgetPositions();
  answeredAt(3);
  expect(stale).not.toHaveBeenCalled();
});

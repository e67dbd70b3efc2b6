import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

type Message = { type: string; status?: string; events?: { position: number }[] };
const CODE = readFileSync('public/stream-worker.js', 'utf8');

/** The worker in a world of its own: each answer is what the next request gets. */
function world(answers: ((headers: Record<string, string>) => Response)[]) {
  const asked: Record<string, string>[] = [];
  const fetch = async (_: string, { headers, signal }: { headers: Record<string, string>; signal: AbortSignal }) => {
    asked.push(headers);
    const answer = answers.shift();
    if (answer === undefined) return new Promise<Response>(() => {});
    const found = answer(headers);
    // What is aborted ends with an error, as in a browser.
    return found.body === null ? found : new Response(found.body.pipeThrough(new TransformStream(), { signal }), found);
  };
  const self: Record<string, unknown> = { onconnect: null };
  new Function('self', 'fetch', CODE)(self, fetch);
  const join = (session = 'token') => {
    const told: Message[] = [];
    const port = {
      postMessage: (message: Message) => told.push(message),
      onmessage: null as ((message: { data: unknown }) => void) | null,
    };
    (self.onconnect as (event: unknown) => void)({ ports: [port] });
    port.onmessage!({ data: { session } });
    return { told, port, positions: () => told.flatMap((each) => each.events ?? []).map(({ position }) => position) };
  };
  return { asked, join };
}

/** A body that arrives in pieces of a few bytes. */
function body(text: string, size = 7): Response {
  const bytes = new TextEncoder().encode(text);
  return new Response(
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    }),
  );
}
const event = (position: number) =>
  `id: ${position}\nevent: instance.started\ndata: {"position":${position},"summary":"ä started"}\n\n`;
const run = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('events arrive whole and in order, however they are cut, and pings are no events', async () => {
  const { join } = world([() => body(`retry: 1000\n\n: ping\r\n\r\n${event(3)}${event(5)}`)]);
  const tab = join();
  await run(200);
  expect(tab.positions()).toEqual([3, 5]);
  expect(tab.told[0]).toEqual({ type: 'status', status: 'connecting' });
});

test('every tab learns from which position on it gets events', async () => {
  const hello = 'id: 4\nevent: hello\ndata: {"position":4}\n\n';
  const endless = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(hello + event(6))),
  });
  const { join } = world([() => new Response(endless)]);
  const first = join();
  await run(200);
  const second = join();
  const begun = (tab: typeof first) => tab.told.filter(({ type }) => type === 'begun');
  expect(begun(first)).toEqual([{ type: 'begun', position: 4 }]);
  expect(begun(second)).toEqual([{ type: 'begun', position: 6 }]);
});

test('a lost connection is resumed after the last event; an event that arrives twice is passed on once', async () => {
  const { asked, join } = world([
    () => body(event(1) + event(2)),
    () => {
      throw new TypeError('network');
    },
    () => body(event(2) + event(3)),
  ]);
  const tab = join();
  await run(5000);
  expect(asked.slice(0, 3).map((each) => each['Last-Event-ID'])).toEqual([undefined, '2', '2']);
  expect(asked[0]!.Authorization).toBe('Bearer token');
  expect(tab.positions()).toEqual([1, 2, 3]);
  expect(tab.told.map(({ status }) => status).filter(Boolean)).toEqual([
    'connecting',
    'live',
    'reconnecting',
    'live',
    'reconnecting',
  ]);
});

test('a server that is not there yet is asked again', async () => {
  const { join } = world([() => new Response('', { status: 503 }), () => body(event(1))]);
  const tab = join();
  await run(5000);
  expect(tab.positions()).toEqual([1]);
});

test('a tab that is signed out learns it, and sends no requests until it is signed in', async () => {
  const { asked, join } = world([() => new Response('', { status: 401 }), () => body(event(1))]);
  const tab = join();
  await run(60_000);
  expect(asked.length).toBe(1);
  expect(tab.told.at(-1)).toEqual({ type: 'status', status: 'signed-out' });
  const again = join();
  await run(1000);
  expect(again.positions()).toEqual([1]);
});

test('after signing out, the next user gets no earlier events', async () => {
  const endless = () =>
    new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(event(7))) }));
  const { asked, join } = world([endless, () => body(event(2))]);
  const tab = join();
  await run(1000);
  tab.port.onmessage!({ data: 'signed-out' });
  await run(1000);
  expect(tab.told.at(-1)).toEqual({ type: 'status', status: 'signed-out' });
  expect(asked.length).toBe(1);
  const next = join();
  await run(1000);
  expect(asked[1]).not.toHaveProperty('Last-Event-ID');
  expect(next.positions()).toEqual([2]);
});

test('who signs in as somebody else gets nothing of the session before', async () => {
  const endless = () =>
    new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(event(7))) }));
  const { asked, join } = world([endless, () => body(event(2))]);
  const before = join('first');
  await run(1000);
  const after = join('second');
  await run(1000);
  expect(asked.map((each) => each.Authorization).slice(0, 2)).toEqual(['Bearer first', 'Bearer second']);
  expect(asked[1]).not.toHaveProperty('Last-Event-ID');
  expect(after.positions()).toEqual([2]);
  expect(before.told.some(({ type }) => type === 'lost')).toBe(true);
});

test('when the last tab is gone, nobody follows', async () => {
  const { asked, join } = world([() => body(event(1)), () => body(event(2)), () => body(event(3))]);
  const tab = join();
  tab.port.onmessage!({ data: 'bye' });
  await run(20_000);
  expect(asked.length).toBe(1);
});

test('a position of another cloud is discarded, and the pages learn it', async () => {
  const { asked, join } = world([() => body(event(9)), () => new Response('', { status: 422 }), () => body(event(1))]);
  const tab = join();
  await run(10_000);
  expect(asked[2]).not.toHaveProperty('Last-Event-ID');
  expect(tab.told.some(({ type }) => type === 'lost')).toBe(true);
  expect(tab.positions()).toEqual([9, 1]);
});

test('five thousand events at once reach every tab, each once', async () => {
  const { join } = world([() => body(Array.from({ length: 5000 }, (_, index) => event(index + 1)).join(''), 4096)]);
  const tabs = [join(), join(), join()];
  await run(1000);
  for (const tab of tabs) {
    expect(tab.positions()).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
    expect(tab.told.filter(({ type }) => type === 'events').length).toBeLessThan(50);
  }
});

/** Asks the API. A problem document becomes an error that says what it says. */
import type { Path } from './types';

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly requestId: string | null,
    readonly field: string | null = null,
  ) {
    super(detail);
  }
}

export type Asked = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** What stands for `{id_or_name}` and the like in the path. */
  in?: Record<string, string>;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  /** Refused unless the resource still has this version. */
  version?: number;
};

/** The address of a path of the API: `{…}` filled in, what is null left out of the query. */
export function address(path: Path, asked: Asked = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(asked.in?.[name] ?? ''));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked.query ?? {})) if (value != null) query.set(name, String(value));
  return query.size > 0 ? `${filled}?${query}` : filled;
}

async function send(path: Path, asked: Asked): Promise<Response> {
  const method = asked.method ?? 'GET';
  const headers: Record<string, string> = { 'X-Miniaws-Request': '1' };
  if (asked.body !== undefined) headers['Content-Type'] = 'application/json';
  if (asked.version !== undefined) headers['If-Match'] = `"${asked.version}"`;
  if (method === 'POST') headers['Idempotency-Key'] = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const init = { method, headers, body: asked.body === undefined ? undefined : JSON.stringify(asked.body) };
  try {
    return await fetch(address(path, asked), init);
  } catch {
    // A browser gives up what it has not sent yet when a container starts and a network appears. Every change is safe
    // to send again: a POST has its Idempotency-Key, and the others mean the same twice.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return fetch(address(path, asked), init);
  }
}

/** Return what the API answers; raise a Problem when it refuses, or when it does not answer. */
export async function ask<T>(path: Path, asked: Asked = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await send(path, asked);
  } catch {
    throw new Problem(0, 'unreachable', 'cannot reach the cloud: see whether it runs with `cloud status`', null);
  }
  const text = await answer.text();
  const isJson = (answer.headers.get('content-type') ?? '').includes('json');
  if (answer.ok) return (isJson && text !== '' ? JSON.parse(text) : text) as T;
  const body = isJson ? JSON.parse(text) : {};
  throw new Problem(
    answer.status, body.code ?? 'unknown', body.detail ?? `cannot go on: the cloud answered ${answer.status}`,
    body.request_id ?? answer.headers.get('x-request-id'), body.field ?? null,
  );
}

/** The client of the API. A problem document is thrown as a Problem. */
import { answeredAt } from './positions';
import { authorization } from './session';
import type { Answer, Document, Method, Path } from './types';

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
  method?: Method;
  /** Parameters of the path, such as `id_or_name`. */
  in?: Record<string, string>;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  /** Sent as If-Match. */
  version?: number;
};

/** The address of a path of the API. Query parameters that are null are left out. */
export function address(path: Path, asked: Asked = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(asked.in?.[name] ?? ''));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked.query ?? {})) if (value != null) query.set(name, String(value));
  return query.size > 0 ? `${filled}?${query}` : filled;
}

async function send(path: Path, asked: Asked): Promise<Response> {
  const method = asked.method ?? 'GET';
  const headers: Record<string, string> = authorization();
  if (asked.body !== undefined) headers['Content-Type'] = 'application/json';
  if (asked.version !== undefined) headers['If-Match'] = `"${asked.version}"`;
  if (method === 'POST') headers['Idempotency-Key'] = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const init = { method, headers, body: asked.body === undefined ? undefined : JSON.stringify(asked.body) };
  try {
    return await fetch(address(path, asked), init);
  } catch {
    // A browser drops requests that it has not sent yet when a container starts and a network appears. Every change can
    // be sent again: a POST has its Idempotency-Key, and the others are idempotent.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return fetch(address(path, asked), init);
  }
}

/** Return the answer of the API; throws a Problem when it refuses or does not answer. */
export const ask = <P extends Path, M extends Method = 'GET'>(
  path: P,
  asked: Asked & { method?: M } = {},
): Promise<Answer<P, M>> => request(path, asked);

/** The same for a path that is known at run time only, and answers with a document. */
export const askDocument = (path: Path, asked: Asked = {}): Promise<Document> => request(path, asked);

/** The answer to a request; what it holds is declared by the callers. */
export async function request<T>(path: Path, asked: Asked = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await send(path, asked);
  } catch {
    throw new Problem(0, 'unreachable', 'cannot reach the cloud: see whether it runs with `cloud status`', null);
  }
  const position = answer.headers.get('miniaws-position');
  const isOfNow = (asked.method ?? 'GET') === 'GET' && asked.query?.as_of == null;
  if (isOfNow && position !== null) answeredAt(Number(position));
  const text = await answer.text();
  const isJson = (answer.headers.get('content-type') ?? '').includes('json');
  if (answer.ok) return (isJson && text !== '' ? JSON.parse(text) : text) as T;
  const body = isJson ? JSON.parse(text) : {};
  throw new Problem(
    answer.status,
    body.code ?? 'unknown',
    body.detail ?? `cannot continue: the cloud answered ${answer.status}`,
    body.request_id ?? answer.headers.get('x-request-id'),
    body.field ?? null,
  );
}

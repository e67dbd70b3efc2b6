/** The state of a page is in its address, so that a reload, a bookmark or a shared link shows the same. */

/** Parameters of the address: null takes one away, a list gives it more than once. */
export type Words = Record<string, string | readonly string[] | null>;

/** An address with other parameters. */
export function rewritten(address: string, words: Words): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(words)) {
    url.searchParams.delete(name);
    for (const each of value === null ? [] : [value].flat()) url.searchParams.append(name, each);
  }
  return url.href;
}

/** Change the address of the page that is shown; the entry of the history stays the same one. */
export function write(words: Words): void {
  const next = rewritten(window.location.href, words);
  // Without a state of its own the router takes part, and its parameters become these.
  if (next !== window.location.href) window.history.replaceState(null, '', next);
}

/** A page of the console at the moment that is shown. */
export function atMoment(page: string, at: number | null): string {
  if (at === null || !page.startsWith('/')) return page;
  return `${page}${page.includes('?') ? '&' : '?'}at=${at}`;
}

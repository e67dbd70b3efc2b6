/**
 * The token of this browser's session. It is kept in storage, which belongs to a scheme, host and port, and never in a
 * cookie: browsers send cookies to every port of a host, so also to programs on published ports.
 */
const NAME = 'miniaws-session';

export const sessionToken = (): string | null => window.localStorage.getItem(NAME);
export const keepToken = (token: string): void => window.localStorage.setItem(NAME, token);
export const forgetToken = (): void => window.localStorage.removeItem(NAME);

/** The header that signs a request in; none when nobody has signed in. */
export function authorization(): Record<string, string> {
  const token = sessionToken();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** Call back when another tab signs in or out; return what stops that. */
export function onOtherTab(changed: () => void): () => void {
  const listen = ({ key }: StorageEvent) => {
    if (key === NAME || key === null) changed();
  };
  window.addEventListener('storage', listen);
  return () => window.removeEventListener('storage', listen);
}

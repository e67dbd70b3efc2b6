-- Who signed in with a browser, by the SHA-256 of what the browser keeps. No events: they open nothing by
-- themselves, and end with the key they stand for.
CREATE TABLE sessions (
    digest text PRIMARY KEY,
    purpose text NOT NULL,
    key_id uuid NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- The last heartbeat of each controller. Unlogged: it is written once a second, and worth nothing after a crash.
CREATE UNLOGGED TABLE controllers (
    controller_id uuid PRIMARY KEY,
    pid integer NOT NULL,
    is_leading boolean NOT NULL,
    started_at timestamptz NOT NULL,
    beat_at timestamptz NOT NULL,
    loops jsonb NOT NULL,
    metrics text NOT NULL
) WITH (fillfactor = 20);

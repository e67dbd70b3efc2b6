-- A ticket, and a session opened by one, belong to the session that issued the ticket and end with it.
-- Sessions of before were cookies, which nothing accepts any more.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN parent text REFERENCES sessions (digest) ON DELETE CASCADE;
CREATE INDEX sessions_parent ON sessions (parent) WHERE parent IS NOT NULL;

-- By a trigger, because a cascade ends sessions that no statement names.
CREATE FUNCTION tell_session_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('session_closed', OLD.digest);
    RETURN NULL;
END
$$;
CREATE TRIGGER session_closed AFTER DELETE ON sessions
    FOR EACH ROW WHEN (OLD.purpose = 'session') EXECUTE FUNCTION tell_session_closed();

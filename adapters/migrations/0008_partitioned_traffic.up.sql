-- Points of load balancers are partitioned by time, as those of containers are: old ones are dropped as a whole.
DO $$
DECLARE
    resolution text;
    span interval;
    began timestamptz;
BEGIN
    FOR resolution, span IN VALUES ('second', interval '1 hour'), ('minute', interval '1 day') LOOP
        EXECUTE format('DROP INDEX traffic_%1$s_resource, traffic_%1$s_at', resolution);
        EXECUTE format('ALTER TABLE traffic_%1$s RENAME TO traffic_%1$s_before', resolution);
        EXECUTE format('CREATE TABLE traffic_%1$s (LIKE traffic_%1$s_before) PARTITION BY RANGE (at)', resolution);
        EXECUTE format('CREATE INDEX traffic_%1$s_resource ON traffic_%1$s (resource_id, at)', resolution);
        EXECUTE format('CREATE INDEX traffic_%1$s_at ON traffic_%1$s (at)', resolution);
        FOR began IN EXECUTE format(
            'SELECT DISTINCT date_bin(%L, at, ''2000-01-01Z'') FROM traffic_%s_before', span, resolution)
        LOOP
            EXECUTE format('CREATE TABLE traffic_%1$s_%2$s PARTITION OF traffic_%1$s FOR VALUES FROM (%3$L) TO (%4$L)',
                           resolution, to_char(began AT TIME ZONE 'UTC', 'YYYYMMDDHH24'), began, began + span);
        END LOOP;
        EXECUTE format('INSERT INTO traffic_%1$s SELECT * FROM traffic_%1$s_before', resolution);
        EXECUTE format('DROP TABLE traffic_%1$s_before', resolution);
    END LOOP;
END
$$;

-- What load balancers and their targets did: points of each second, and of each minute. No events: kept for a while
-- only, as other metrics are. `target` is empty for a balancer as a whole.
CREATE TABLE traffic_second (
    resource_id uuid NOT NULL,
    target text NOT NULL,
    at timestamptz NOT NULL,
    requests_per_s real NOT NULL,
    responses_4xx_per_s real NOT NULL,
    responses_5xx_per_s real NOT NULL,
    errors_per_s real NOT NULL,
    bytes_in_per_s real NOT NULL,
    bytes_out_per_s real NOT NULL,
    latency_ms real,
    sessions integer NOT NULL
);
CREATE INDEX traffic_second_resource ON traffic_second (resource_id, at);
CREATE INDEX traffic_second_at ON traffic_second (at);

CREATE TABLE traffic_minute (LIKE traffic_second);
ALTER TABLE traffic_minute ADD COLUMN samples integer NOT NULL;
CREATE INDEX traffic_minute_resource ON traffic_minute (resource_id, at);
CREATE INDEX traffic_minute_at ON traffic_minute (at);

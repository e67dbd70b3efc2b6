-- What instances and the host used: points of each second, rolled up by the minute and by the hour. No events: they
-- are kept for a while only. Partitions are made ahead, and dropped as a whole when their time is over.
CREATE TABLE metrics_second (
    resource_id uuid NOT NULL,
    at timestamptz NOT NULL,
    cpu_percent real,
    cpu_cores real NOT NULL,
    memory_percent real,
    memory_bytes bigint NOT NULL,
    network_rx_bytes_per_s real,
    network_tx_bytes_per_s real,
    block_read_bytes_per_s real,
    block_write_bytes_per_s real
) PARTITION BY RANGE (at);
CREATE INDEX metrics_second_resource ON metrics_second (resource_id, at);
CREATE INDEX metrics_second_at ON metrics_second (at);

-- Sums with their counts, so that an average over any range is exact and what is missing counts for nothing.
CREATE TABLE metrics_minute (
    resource_id uuid NOT NULL,
    at timestamptz NOT NULL,
    samples integer NOT NULL,
    network_samples integer NOT NULL,
    block_samples integer NOT NULL,
    cpu_percent_sum double precision,
    cpu_percent_max real,
    cpu_cores_sum double precision NOT NULL,
    cpu_cores_max real NOT NULL,
    memory_percent_sum double precision,
    memory_percent_max real,
    memory_bytes_sum double precision NOT NULL,
    memory_bytes_max bigint NOT NULL,
    network_rx_bytes_per_s_sum double precision,
    network_rx_bytes_per_s_max real,
    network_tx_bytes_per_s_sum double precision,
    network_tx_bytes_per_s_max real,
    block_read_bytes_per_s_sum double precision,
    block_read_bytes_per_s_max real,
    block_write_bytes_per_s_sum double precision,
    block_write_bytes_per_s_max real
) PARTITION BY RANGE (at);
CREATE INDEX metrics_minute_resource ON metrics_minute (resource_id, at);
CREATE INDEX metrics_minute_at ON metrics_minute (at);

CREATE TABLE metrics_hour (LIKE metrics_minute) PARTITION BY RANGE (at);
CREATE INDEX metrics_hour_resource ON metrics_hour (resource_id, at);
CREATE INDEX metrics_hour_at ON metrics_hour (at);

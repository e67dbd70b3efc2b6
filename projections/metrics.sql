-- copy_seconds --
COPY metrics_second (resource_id, at, cpu_percent, cpu_cores, memory_percent, memory_bytes, network_rx_bytes_per_s,
                     network_tx_bytes_per_s, block_read_bytes_per_s, block_write_bytes_per_s) FROM STDIN

-- limits --
SELECT DISTINCT ON (r.resource_id) r.resource_id, (v.document->'spec'->>'cpus')::float8 AS cpus,
       (v.document->'spec'->>'memory_mb')::bigint * 1048576 AS memory_bytes
FROM resources r CROSS JOIN LATERAL (
    SELECT document FROM versions WHERE resource_id = r.resource_id ORDER BY position DESC LIMIT 1) v
WHERE r.resource_id = ANY(%(ids)s)

-- forget_minutes --
DELETE FROM metrics_minute WHERE at >= %(from)s AND at < %(to)s

-- roll_up_minutes --
INSERT INTO metrics_minute
SELECT resource_id, date_bin('1 minute', at, '2000-01-01Z'), count(*), count(network_rx_bytes_per_s),
       count(block_read_bytes_per_s),
       sum(cpu_percent::float8), max(cpu_percent), sum(cpu_cores::float8), max(cpu_cores),
       sum(memory_percent::float8), max(memory_percent), sum(memory_bytes::float8), max(memory_bytes),
       sum(network_rx_bytes_per_s::float8), max(network_rx_bytes_per_s),
       sum(network_tx_bytes_per_s::float8), max(network_tx_bytes_per_s),
       sum(block_read_bytes_per_s::float8), max(block_read_bytes_per_s),
       sum(block_write_bytes_per_s::float8), max(block_write_bytes_per_s)
FROM metrics_second WHERE at >= %(from)s AND at < %(to)s GROUP BY 1, 2

-- forget_hours --
DELETE FROM metrics_hour WHERE at >= %(from)s AND at < %(to)s

-- roll_up_hours --
INSERT INTO metrics_hour
SELECT resource_id, date_bin('1 hour', at, '2000-01-01Z'), sum(samples), sum(network_samples), sum(block_samples),
       sum(cpu_percent_sum), max(cpu_percent_max), sum(cpu_cores_sum), max(cpu_cores_max),
       sum(memory_percent_sum), max(memory_percent_max), sum(memory_bytes_sum), max(memory_bytes_max),
       sum(network_rx_bytes_per_s_sum), max(network_rx_bytes_per_s_max),
       sum(network_tx_bytes_per_s_sum), max(network_tx_bytes_per_s_max),
       sum(block_read_bytes_per_s_sum), max(block_read_bytes_per_s_max),
       sum(block_write_bytes_per_s_sum), max(block_write_bytes_per_s_max)
FROM metrics_minute WHERE at >= %(from)s AND at < %(to)s GROUP BY 1, 2

-- points --
WITH found AS (
    SELECT resource_id, at, 1 AS samples, (network_rx_bytes_per_s IS NOT NULL)::integer AS network_samples,
           (block_read_bytes_per_s IS NOT NULL)::integer AS block_samples,
           cpu_percent::float8 AS cpu_percent_sum, cpu_percent AS cpu_percent_max,
           cpu_cores::float8 AS cpu_cores_sum, cpu_cores AS cpu_cores_max,
           memory_percent::float8 AS memory_percent_sum, memory_percent AS memory_percent_max,
           memory_bytes::float8 AS memory_bytes_sum, memory_bytes AS memory_bytes_max,
           network_rx_bytes_per_s::float8 AS network_rx_bytes_per_s_sum,
           network_rx_bytes_per_s AS network_rx_bytes_per_s_max,
           network_tx_bytes_per_s::float8 AS network_tx_bytes_per_s_sum,
           network_tx_bytes_per_s AS network_tx_bytes_per_s_max,
           block_read_bytes_per_s::float8 AS block_read_bytes_per_s_sum,
           block_read_bytes_per_s AS block_read_bytes_per_s_max,
           block_write_bytes_per_s::float8 AS block_write_bytes_per_s_sum,
           block_write_bytes_per_s AS block_write_bytes_per_s_max
    FROM metrics_second
    WHERE %(resolution)s = 'second' AND resource_id = ANY(%(ids)s) AND at >= %(from)s AND at < %(to)s
    UNION ALL
    SELECT * FROM metrics_minute
    WHERE %(resolution)s = 'minute' AND resource_id = ANY(%(ids)s) AND at >= %(from)s AND at < %(to)s
    UNION ALL
    SELECT * FROM metrics_hour
    WHERE %(resolution)s = 'hour' AND resource_id = ANY(%(ids)s) AND at >= %(from)s AND at < %(to)s)
SELECT resource_id, date_bin(%(step)s * interval '1 second', at, '2000-01-01Z') AS at, sum(samples) AS samples,
       sum(cpu_percent_sum) / sum(samples) AS cpu_percent, max(cpu_percent_max) AS cpu_percent_max,
       sum(cpu_cores_sum) / sum(samples) AS cpu_cores, max(cpu_cores_max) AS cpu_cores_max,
       sum(memory_percent_sum) / sum(samples) AS memory_percent, max(memory_percent_max) AS memory_percent_max,
       sum(memory_bytes_sum) / sum(samples) AS memory_bytes, max(memory_bytes_max) AS memory_bytes_max,
       sum(network_rx_bytes_per_s_sum) / nullif(sum(network_samples), 0) AS network_rx_bytes_per_s,
       max(network_rx_bytes_per_s_max) AS network_rx_bytes_per_s_max,
       sum(network_tx_bytes_per_s_sum) / nullif(sum(network_samples), 0) AS network_tx_bytes_per_s,
       max(network_tx_bytes_per_s_max) AS network_tx_bytes_per_s_max,
       sum(block_read_bytes_per_s_sum) / nullif(sum(block_samples), 0) AS block_read_bytes_per_s,
       max(block_read_bytes_per_s_max) AS block_read_bytes_per_s_max,
       sum(block_write_bytes_per_s_sum) / nullif(sum(block_samples), 0) AS block_write_bytes_per_s,
       max(block_write_bytes_per_s_max) AS block_write_bytes_per_s_max
FROM found GROUP BY 1, 2 ORDER BY 1, 2

-- newest --
SELECT DISTINCT ON (m.resource_id) m.*, r.kind, r.name, r.account_id
FROM metrics_second m LEFT JOIN resources r USING (resource_id)
WHERE m.at > clock_timestamp() - %(age_s)s * interval '1 second' AND m.at <= clock_timestamp()
  AND (%(accounts)s::text[] IS NULL OR r.account_id = ANY(%(accounts)s) OR m.resource_id = %(host)s)
ORDER BY m.resource_id, m.at DESC, r.created_position DESC

-- measured --
SELECT resource_id, kind, name FROM resources
WHERE account_id = %(account)s AND kind IN ('instance', 'cache', 'queue', 'database') AND created_position <= %(at)s
  AND (ended_position IS NULL OR ended_position > %(at)s) AND NOT is_trashed
ORDER BY name, resource_id LIMIT %(limit)s

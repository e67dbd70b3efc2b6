-- copy_seconds --
COPY traffic_second (resource_id, target, at, requests_per_s, responses_4xx_per_s, responses_5xx_per_s, errors_per_s,
                     bytes_in_per_s, bytes_out_per_s, latency_ms, sessions) FROM STDIN

-- forget_minutes --
DELETE FROM traffic_minute WHERE at >= %(from)s AND at < %(to)s

-- roll_up_minutes --
INSERT INTO traffic_minute
SELECT resource_id, target, date_bin('1 minute', at, '2000-01-01Z'), avg(requests_per_s), avg(responses_4xx_per_s),
       avg(responses_5xx_per_s), avg(errors_per_s), avg(bytes_in_per_s), avg(bytes_out_per_s),
       sum(latency_ms * requests_per_s) / nullif(sum(requests_per_s) FILTER (WHERE latency_ms IS NOT NULL), 0),
       round(avg(sessions)), count(*)
FROM traffic_second WHERE at >= %(from)s AND at < %(to)s GROUP BY 1, 2, 3

-- points --
WITH found AS (
    SELECT *, 1 AS samples FROM traffic_second
    WHERE %(resolution)s = 'second' AND resource_id = %(id)s AND at >= %(from)s AND at < %(to)s
    UNION ALL
    SELECT * FROM traffic_minute
    WHERE %(resolution)s <> 'second' AND resource_id = %(id)s AND at >= %(from)s AND at < %(to)s)
SELECT target, date_bin(%(step)s * interval '1 second', at, '2000-01-01Z') AS at, sum(samples) AS samples,
       sum(requests_per_s * samples) / sum(samples) AS requests_per_s,
       sum(responses_4xx_per_s * samples) / sum(samples) AS responses_4xx_per_s,
       sum(responses_5xx_per_s * samples) / sum(samples) AS responses_5xx_per_s,
       sum(errors_per_s * samples) / sum(samples) AS errors_per_s,
       sum(bytes_in_per_s * samples) / sum(samples) AS bytes_in_per_s,
       sum(bytes_out_per_s * samples) / sum(samples) AS bytes_out_per_s,
       sum(latency_ms * requests_per_s * samples)
           / nullif(sum(requests_per_s * samples) FILTER (WHERE latency_ms IS NOT NULL), 0) AS latency_ms,
       sum(sessions::float8 * samples) / sum(samples) AS sessions
FROM found GROUP BY 1, 2 ORDER BY 1, 2

-- newest --
SELECT DISTINCT ON (t.resource_id, t.target) t.*, r.name, r.account_id
FROM traffic_second t JOIN resources r USING (resource_id)
WHERE t.at > clock_timestamp() - %(age_s)s * interval '1 second' AND t.at <= clock_timestamp()
ORDER BY t.resource_id, t.target, t.at DESC, r.created_position DESC

-- Runs that have a queued job.
WITH RECURSIVE found (run) AS (
    SELECT (SELECT min(run_id) FROM jobs WHERE status = 'queued') UNION ALL
    SELECT (SELECT min(run_id) FROM jobs WHERE status = 'queued' AND run_id > found.run) FROM found
    WHERE found.run IS NOT NULL
) SELECT * FROM runs WHERE id = ANY (ARRAY(SELECT run FROM found)) ORDER BY scheduled, id LIMIT 100;

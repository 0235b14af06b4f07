-- The head of a queue leaves it.
WITH head AS (
    SELECT id, run_id FROM jobs WHERE queue = 'bench' AND status = 'queued' ORDER BY priority, id LIMIT 1
    FOR UPDATE SKIP LOCKED
), run AS (
    UPDATE runs SET jobs_queued = jobs_queued - 1, jobs_waiting = jobs_waiting + 1, status = 'waiting',
        updated = now() AT TIME ZONE 'utc'
    FROM head WHERE runs.id = head.run_id
) UPDATE jobs SET status = 'waiting', updated = now() AT TIME ZONE 'utc' FROM head WHERE jobs.id = head.id
    RETURNING jobs.*;

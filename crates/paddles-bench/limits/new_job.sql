-- A new job of 6 KB in a run of the client's own, and the run's counts.
WITH run AS (
    UPDATE runs SET jobs_queued = jobs_queued + 1, status = 'queued', updated = now() AT TIME ZONE 'utc'
    WHERE name = 'bench-limit-' || :client_id RETURNING id, name
) INSERT INTO jobs (run_id, name, job_id, posted, updated, {columns})
    SELECT id, name, gen_random_uuid()::text, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc', {values} FROM run;

-- A job runs: the state that it has already, its time and its run's.
\set key random(1, {count of jobs})
WITH job AS (
    UPDATE jobs SET status = CASE WHEN jobs.status IN ('pass', 'fail') THEN jobs.status ELSE 'running' END,
        updated = now() AT TIME ZONE 'utc' FROM runs
    WHERE runs.id = jobs.run_id AND runs.name = ({runs})[:key] AND jobs.job_id = ({jobs})[:key] RETURNING jobs.run_id
) UPDATE runs SET updated = now() AT TIME ZONE 'utc' FROM job WHERE runs.id = job.run_id;

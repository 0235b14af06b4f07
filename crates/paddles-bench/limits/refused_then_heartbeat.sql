-- The refused report, and the change that follows it.
\set key random(1, {count of jobs})
SELECT jobs.id FROM jobs JOIN runs ON runs.id = jobs.run_id
    WHERE runs.name = ({runs})[:key] AND jobs.job_id = ({jobs})[:key];
WITH job AS (
    UPDATE jobs SET updated = now() AT TIME ZONE 'utc' FROM runs
    WHERE runs.id = jobs.run_id AND runs.name = ({runs})[:key] AND jobs.job_id = ({jobs})[:key] RETURNING jobs.run_id
) UPDATE runs SET updated = now() AT TIME ZONE 'utc' FROM job WHERE runs.id = job.run_id;

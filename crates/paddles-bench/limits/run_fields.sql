-- Two fields of a run's jobs, newest first.
\set key random(1, {count of runs})
SELECT jobs.job_id, jobs.status FROM jobs JOIN runs ON runs.id = jobs.run_id
    WHERE runs.name = ({runs})[:key] ORDER BY jobs.posted DESC, jobs.id DESC;

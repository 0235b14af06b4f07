-- A run and its whole jobs.
\set key random(1, {count of runs})
SELECT * FROM runs WHERE name = ({runs})[:key];
SELECT jobs.* FROM jobs JOIN runs ON runs.id = jobs.run_id WHERE runs.name = ({runs})[:key] ORDER BY jobs.job_id;

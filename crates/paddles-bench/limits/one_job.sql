-- One job by its run's name and its id.
\set key random(1, {count of jobs})
SELECT jobs.*, runs.name FROM jobs JOIN runs ON runs.id = jobs.run_id
    WHERE runs.name = ({runs})[:key] AND jobs.job_id = ({jobs})[:key];

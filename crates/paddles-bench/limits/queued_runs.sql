-- Runs that have a queued job.
SELECT * FROM runs WHERE jobs_queued > 0 ORDER BY scheduled, id LIMIT 100;

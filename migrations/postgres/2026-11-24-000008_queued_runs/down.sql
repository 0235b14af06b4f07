CREATE INDEX ix_runs_queued ON runs (scheduled, id) WHERE jobs_queued > 0;
DROP INDEX ix_jobs_queued_run;

-- Runs with queued jobs are found by those jobs. An index of runs whose condition names a count made Postgres write to all ten
-- indexes of runs whenever that count changed: for each new job, and for each job that was started.
-- On a database in use both were done before, beside everybody (see `beside.rs` in paddles-diesel).
CREATE INDEX IF NOT EXISTS ix_jobs_queued_run ON jobs (run_id) WHERE status = 'queued';
DROP INDEX IF EXISTS ix_runs_queued;

-- How the status of each job changed, when, and by whom. Written together with the job, by its number: it refers to no table,
-- so that other programs may delete jobs, and stays while a deleted job can be brought back.
CREATE TABLE job_history (
    id integer PRIMARY KEY AUTOINCREMENT,
    job_id integer NOT NULL,
    time timestamp NOT NULL,
    -- Null: the job was new.
    status_before text,
    status text NOT NULL,
    who text NOT NULL,
    address text
);

CREATE INDEX ix_job_history_job_id ON job_history (job_id, id);

-- What is in there stays as long as its job does.
CREATE TRIGGER job_history_is_not_changed BEFORE UPDATE ON job_history BEGIN
    SELECT RAISE(ABORT, 'the history of jobs is only added to');
END;

CREATE TRIGGER job_history_is_not_deleted BEFORE DELETE ON job_history
WHEN EXISTS (SELECT 1 FROM jobs WHERE id = OLD.job_id) OR EXISTS (SELECT 1 FROM deleted_jobs WHERE id = OLD.job_id)
BEGIN
    SELECT RAISE(ABORT, 'the history of jobs is only added to');
END;

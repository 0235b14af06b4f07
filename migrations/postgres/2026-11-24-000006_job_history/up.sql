-- How the status of each job changed, when, and by whom. Written together with the job, by its number: it refers to no table,
-- so that other programs may delete jobs, and stays while a deleted job can be brought back.
CREATE TABLE job_history (
    id bigserial,
    job_id integer NOT NULL,
    time timestamp without time zone NOT NULL,
    -- Null: the job was new.
    status_before text,
    status text NOT NULL,
    who text NOT NULL,
    address text,
    PRIMARY KEY (job_id, id)
);

-- What is in there stays as long as its job does.
CREATE FUNCTION refuse_job_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'the history of jobs is only added to';
    END IF;
    IF EXISTS (SELECT FROM jobs WHERE id = OLD.job_id) OR EXISTS (SELECT FROM deleted_jobs WHERE id = OLD.job_id) THEN
        RAISE EXCEPTION 'the history of jobs is only added to';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER job_history_is_not_changed BEFORE UPDATE OR TRUNCATE ON job_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_job_history_change();
CREATE TRIGGER job_history_is_not_deleted BEFORE DELETE ON job_history
    FOR EACH ROW EXECUTE FUNCTION refuse_job_history_change();

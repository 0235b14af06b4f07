-- How many jobs ran on each node, by the day on which they were posted: statistics of nodes read this instead of jobs.
CREATE TABLE node_days (
    -- As text, YYYY-MM-DD in UTC.
    day text COLLATE "C" NOT NULL,
    node_id integer NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    machine_type text COLLATE "C" NOT NULL,
    jobs_queued integer NOT NULL DEFAULT 0,
    jobs_waiting integer NOT NULL DEFAULT 0,
    jobs_running integer NOT NULL DEFAULT 0,
    jobs_pass integer NOT NULL DEFAULT 0,
    jobs_fail integer NOT NULL DEFAULT 0,
    jobs_dead integer NOT NULL DEFAULT 0,
    jobs_unknown integer NOT NULL DEFAULT 0,
    PRIMARY KEY (day, node_id, machine_type)
);

CREATE INDEX ix_node_days_node_id ON node_days (node_id);

INSERT INTO node_days (day, node_id, machine_type, jobs_queued, jobs_waiting, jobs_running, jobs_pass, jobs_fail, jobs_dead,
        jobs_unknown)
    SELECT coalesce(substr(CAST(jobs.posted AS text), 1, 10), ''), job_nodes.node_id, coalesce(jobs.machine_type, ''),
        count(*) FILTER (WHERE jobs.status = 'queued'), count(*) FILTER (WHERE jobs.status = 'waiting'),
        count(*) FILTER (WHERE jobs.status = 'running'), count(*) FILTER (WHERE jobs.status = 'pass'),
        count(*) FILTER (WHERE jobs.status = 'fail'), count(*) FILTER (WHERE jobs.status = 'dead'),
        count(*) FILTER (WHERE jobs.status IS NULL
            OR jobs.status NOT IN ('queued', 'waiting', 'running', 'pass', 'fail', 'dead'))
    FROM job_nodes JOIN jobs ON jobs.id = job_nodes.job_id GROUP BY 1, 2, 3;

-- The distinct descriptions of jobs: the same tests run every night, so they are far fewer than jobs, and a search for a part
-- of one is a search in here.
CREATE TABLE job_descriptions (
    description text NOT NULL
);

-- A description may be longer than what an index of texts takes.
CREATE UNIQUE INDEX ix_job_descriptions ON job_descriptions (md5(description));

INSERT INTO job_descriptions (description)
    SELECT DISTINCT description FROM jobs WHERE description IS NOT NULL;

-- Trigrams find a part of a text. Without the extension all descriptions are looked through, which takes some tenths of a
-- second at a hundred thousand of them.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX ix_job_descriptions_trigrams ON job_descriptions USING gin (description gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'pg_trgm is not to be had: searches for a part of a description look through all of them';
END
$$;

-- A hash is enough to find the jobs of a description, and takes a tenth of the room.
CREATE INDEX ix_jobs_description ON jobs USING hash (description);

-- Statistics of nodes count the jobs of a part of a day in these two indexes alone.
DROP INDEX ix_jobs_posted;
CREATE INDEX ix_jobs_posted ON jobs (posted, id) INCLUDE (status, machine_type);
DROP INDEX ix_job_nodes_job_id;
CREATE INDEX ix_job_nodes_job_id ON job_nodes (job_id) INCLUDE (node_id);

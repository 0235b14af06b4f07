-- How many jobs ran on each node, by the day on which they were posted: statistics of nodes read this instead of jobs.
CREATE TABLE node_days (
    -- As text, YYYY-MM-DD in UTC.
    day text NOT NULL,
    node_id integer NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    machine_type text NOT NULL,
    status text NOT NULL,
    jobs integer NOT NULL,
    PRIMARY KEY (day, node_id, machine_type, status)
);

CREATE INDEX ix_node_days_node_id ON node_days (node_id);

INSERT INTO node_days (day, node_id, machine_type, status, jobs)
    SELECT coalesce(substr(CAST(jobs.posted AS text), 1, 10), ''), job_nodes.node_id, coalesce(jobs.machine_type, ''),
        coalesce(jobs.status, 'unknown'), count(*)
    FROM job_nodes JOIN jobs ON jobs.id = job_nodes.job_id GROUP BY 1, 2, 3, 4;

-- The distinct descriptions of jobs: the same tests run every night, so they are far fewer than jobs, and a search for a part
-- of one is a search in here.
CREATE TABLE job_descriptions (
    id integer PRIMARY KEY,
    description text NOT NULL UNIQUE
);

-- Trigrams find a part of a text. Descriptions are only ever added.
CREATE VIRTUAL TABLE job_description_trigrams
    USING fts5 (description, content = 'job_descriptions', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');

CREATE TRIGGER job_descriptions_added AFTER INSERT ON job_descriptions BEGIN
    INSERT INTO job_description_trigrams (rowid, description) VALUES (new.id, new.description);
END;

INSERT INTO job_descriptions (description)
    SELECT DISTINCT description FROM jobs WHERE description IS NOT NULL;

CREATE INDEX ix_jobs_description ON jobs (description);

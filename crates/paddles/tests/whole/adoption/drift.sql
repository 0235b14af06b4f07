-- How labs drift over the years.

-- Ids sort by a language, as where the database was made with en_US.
ALTER TABLE jobs ALTER COLUMN job_id TYPE varchar(32) COLLATE "en-x-icu";
-- Columns that were widened or changed by hand.
ALTER TABLE jobs ALTER COLUMN branch TYPE varchar(400), ALTER COLUMN owner TYPE text;
ALTER TABLE jobs ALTER COLUMN name SET NOT NULL;
ALTER TABLE nodes ALTER COLUMN is_vm DROP NOT NULL;
ALTER TABLE nodes ADD COLUMN rack varchar(16);
-- Nothing can widen a column that a view shows.
CREATE VIEW lab_machines AS SELECT name, mac_address FROM nodes;

-- Indexes that were dropped, made by hand, or broke off.
DROP INDEX ix_runs_posted, ix_jobs_posted, ix_nodes_machine_type, ix_job_nodes_job_id;
CREATE INDEX runs_by_posting ON runs (posted, id);
CREATE INDEX queued_by_hand ON jobs (queue, priority, id) WHERE status = 'queued';
CREATE INDEX failed_by_hand ON jobs (name) WHERE status IN ('fail', 'dead');
CREATE INDEX lower_owner ON jobs (lower(owner));
CREATE INDEX ix_jobs_queued ON jobs (priority) WHERE status = 'queued';

-- Rows of their own kind.
INSERT INTO runs (name, status, posted, scheduled, "user") VALUES
    ('nobody-ran-this', 'empty', '2014-01-02 03:04:05', '2014-01-02 03:04:05', 'nobody'),
    ('of-a-word-of-its-own', 'aborted', '2014-01-03 03:04:05.123456', NULL, NULL),
    ('of-no-status', NULL, NULL, NULL, NULL);
UPDATE runs SET status = 'running' WHERE id = 2;
UPDATE jobs SET status = 'aborted' WHERE id IN (11, 12);
UPDATE jobs SET status = NULL WHERE id = 13;
UPDATE jobs SET tasks = 'null', kernel = 'null', roles = NULL WHERE id BETWEEN 20 AND 49;
UPDATE jobs SET targets = 'null' WHERE id BETWEEN 30 AND 59;
UPDATE jobs SET job_id = 'b' WHERE id = 60;
UPDATE jobs SET job_id = 'A' WHERE id = 61;
UPDATE jobs SET posted = NULL, flavor = NULL, sha1 = NULL WHERE id = 62;
INSERT INTO nodes (name, is_vm, locked) VALUES ('bare.front.sepia.ceph.com', NULL, false);
INSERT INTO jobs (name, job_id, run_id, status, posted, description) VALUES
    ('orphan', '77', NULL, 'pass', '2015-05-05', 'of an orphan'), ('orphan', '77', NULL, 'pass', '2015-05-05', NULL),
    ('without id', NULL, 1, 'pass', '2015-05-06', NULL), ('without id', NULL, 1, 'dead', '2015-05-06', NULL);
-- A run that was deleted while nobody watched over its jobs.
ALTER TABLE jobs DROP CONSTRAINT jobs_run_id_fkey;
INSERT INTO jobs (name, job_id, run_id, status, posted, sha1) VALUES ('of a gone run', '78', 999999999, 'fail', '2015-05-07', 'f');

-- Duplicates: of two rows, of three, one of them updated last though it came first, and with nodes of their own.
INSERT INTO jobs (run_id, job_id, name, status, posted, started, updated, description, sha1, flavor, priority, tasks, machine_type)
    SELECT run_id, job_id, name, 'dead', posted + interval '1 s', NULL, updated + interval '1 hour', NULL, sha1, 'crimson', NULL,
        'null', machine_type
    FROM jobs WHERE id IN (3, 100, 101, 102, 103);
INSERT INTO jobs (run_id, job_id, name, status, posted, updated, owner)
    SELECT run_id, job_id, name, 'pass', posted + interval '2 s', updated - interval '1 hour', 'somebody'
    FROM jobs WHERE id IN (101, 102);
INSERT INTO jobs (run_id, job_id, name, status, posted) SELECT run_id, job_id, name, 'fail', posted FROM jobs WHERE id = 104;
INSERT INTO job_nodes (node_id, job_id)
    SELECT nodes.id, jobs.id FROM jobs, nodes WHERE jobs.id > (SELECT max(job_id) FROM job_nodes)
    AND jobs.run_id IS NOT NULL AND nodes.id IN (1, 2, 3);

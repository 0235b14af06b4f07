-- What the commits and flavors of a run's jobs are, counted, so that neither filters nor lists of them read jobs.
CREATE TABLE run_sha1s (
    run_id integer NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    sha1 text NOT NULL,
    jobs integer NOT NULL,
    PRIMARY KEY (run_id, sha1)
);

CREATE INDEX ix_run_sha1s_sha1 ON run_sha1s (sha1, run_id);

CREATE TABLE run_flavors (
    run_id integer NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    flavor text NOT NULL,
    jobs integer NOT NULL,
    PRIMARY KEY (run_id, flavor)
);

CREATE INDEX ix_run_flavors_flavor ON run_flavors (flavor, run_id);

INSERT INTO run_sha1s (run_id, sha1, jobs)
    SELECT run_id, sha1, count(*) FROM jobs WHERE run_id IS NOT NULL AND sha1 IS NOT NULL GROUP BY run_id, sha1;
INSERT INTO run_flavors (run_id, flavor, jobs)
    SELECT run_id, flavor, count(*) FROM jobs WHERE run_id IS NOT NULL AND flavor IS NOT NULL GROUP BY run_id, flavor;

-- Filtered lists come newest scheduled first.
CREATE INDEX ix_runs_scheduled ON runs (scheduled, id);
CREATE INDEX ix_runs_branch ON runs (branch, scheduled);
CREATE INDEX ix_runs_machine_type ON runs (machine_type, scheduled);
CREATE INDEX ix_runs_status ON runs (status, scheduled);
CREATE INDEX ix_runs_suite ON runs (suite, scheduled);
CREATE INDEX ix_runs_user ON runs ("user", scheduled);
CREATE INDEX ix_runs_queued ON runs (scheduled, id) WHERE jobs_queued > 0;

-- The latest jobs, and those of the last days.
CREATE INDEX ix_jobs_posted ON jobs (posted, id);
CREATE INDEX ix_jobs_sha1 ON jobs (sha1);
-- The head of a queue: jobs that left it are not in here.
CREATE INDEX ix_jobs_queued ON jobs (queue, priority, id) WHERE status = 'queued';

CREATE INDEX ix_nodes_machine_type ON nodes (machine_type);
CREATE INDEX ix_nodes_vm_host_id ON nodes (vm_host_id);

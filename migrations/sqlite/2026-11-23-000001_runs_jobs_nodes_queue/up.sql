-- What the service keeps: the tables of the paddles that labs already run, under the same names, so that either can
-- read the other's. Text has no width; what is new is the counts and the first job of a run, two kernel columns of a job
-- and the unique key of a job in its run.

CREATE TABLE runs (
    id integer PRIMARY KEY AUTOINCREMENT,
    name text,
    status text,
    "user" text,
    scheduled timestamp,
    suite text,
    branch text,
    machine_type text,
    posted timestamp,
    started timestamp,
    updated timestamp,
    -- How many jobs are in each state, and what lists show of the job with the lowest id: kept by every write.
    jobs_queued integer NOT NULL DEFAULT 0,
    jobs_waiting integer NOT NULL DEFAULT 0,
    jobs_running integer NOT NULL DEFAULT 0,
    jobs_pass integer NOT NULL DEFAULT 0,
    jobs_fail integer NOT NULL DEFAULT 0,
    jobs_dead integer NOT NULL DEFAULT 0,
    jobs_unknown integer NOT NULL DEFAULT 0,
    first_job_id text,
    first_job_sha1 text,
    first_job_flavor text,
    first_job_priority integer
);

CREATE UNIQUE INDEX ix_runs_name ON runs (name);
CREATE INDEX ix_runs_posted ON runs (posted, id);

CREATE TABLE jobs (
    id integer PRIMARY KEY AUTOINCREMENT,
    posted timestamp,
    started timestamp,
    updated timestamp,
    run_id integer CONSTRAINT jobs_run_id_fkey REFERENCES runs (id) ON DELETE CASCADE,
    status text,
    archive_path text,
    description text,
    duration integer,
    email text,
    failure_reason text,
    flavor text,
    job_id text,
    kernel text,
    last_in_suite boolean,
    machine_type text,
    name text,
    nuke_on_error boolean,
    os_type text,
    os_version text,
    overrides text,
    owner text,
    priority integer,
    pid text,
    repo text,
    roles text,
    sentry_event text,
    success boolean,
    branch text,
    seed integer,
    sha1 text,
    sleep_before_teardown integer,
    subset text,
    suite text,
    suite_branch text,
    suite_path text,
    suite_relpath text,
    suite_repo text,
    suite_sha1 text,
    targets text,
    tasks text,
    teuthology_branch text,
    teuthology_sha1 text,
    "timestamp" timestamp,
    "user" text,
    "verbose" boolean,
    issue_url text,
    comment text,
    pcp_grafana_url text,
    queue text,
    package_source text,
    mon_a_kernel_sha1 text,
    mon_b_kernel_sha1 text
);

CREATE UNIQUE INDEX ix_jobs_run_id_job_id ON jobs (run_id, job_id);

CREATE TABLE nodes (
    id integer PRIMARY KEY AUTOINCREMENT,
    name text NOT NULL,
    description text,
    up boolean,
    machine_type text,
    arch text,
    is_vm boolean NOT NULL DEFAULT false,
    os_type text,
    os_version text,
    vm_host_id integer CONSTRAINT nodes_vm_host_id_fkey REFERENCES nodes (id),
    locked boolean NOT NULL DEFAULT false,
    locked_by text,
    locked_since timestamp,
    mac_address text,
    ssh_pub_key text
);

CREATE UNIQUE INDEX ix_nodes_name ON nodes (name);

CREATE TABLE job_nodes (
    node_id integer NOT NULL CONSTRAINT job_nodes_node_id_fkey REFERENCES nodes (id),
    job_id integer NOT NULL CONSTRAINT job_nodes_job_id_fkey REFERENCES jobs (id),
    CONSTRAINT job_nodes_pkey PRIMARY KEY (node_id, job_id)
);

CREATE INDEX ix_job_nodes_job_id ON job_nodes (job_id);

CREATE TABLE queue (
    queue text NOT NULL CONSTRAINT queue_pkey PRIMARY KEY,
    paused_by text,
    paused_since timestamp,
    pause_duration integer,
    paused_until timestamp
);

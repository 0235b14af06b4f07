-- Who may do what: a token is kept as its hash. Revoked ones stay, so that a name means one token for ever.
CREATE TABLE tokens (
    name text COLLATE "C" PRIMARY KEY,
    role text NOT NULL,
    hash text NOT NULL,
    created timestamp without time zone NOT NULL,
    expires timestamp without time zone,
    revoked timestamp without time zone
);

-- Who did what, to what, when and from where. Old and new values are JSON objects of what changed.
CREATE TABLE audit (
    id serial PRIMARY KEY,
    time timestamp without time zone NOT NULL,
    who text NOT NULL,
    address text,
    action text NOT NULL,
    kind text NOT NULL,
    name text COLLATE "C" NOT NULL,
    before text,
    after text
);

CREATE INDEX ix_audit_time ON audit (time, id);
CREATE INDEX ix_audit_name ON audit (name, time, id);

-- What is in there stays.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to';
END
$$;

CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- What was deleted is kept for a while, row by row under its own number, so that it can be brought back whole. A deletion is
-- of a run with its jobs, or of one job.
CREATE TABLE deletions (
    id serial PRIMARY KEY,
    time timestamp without time zone NOT NULL,
    who text NOT NULL,
    address text,
    run_id integer NOT NULL,
    run_name text COLLATE "C" NOT NULL,
    -- Null: the whole run.
    job_id text COLLATE "C",
    jobs integer NOT NULL
);

CREATE INDEX ix_deletions_time ON deletions (time, id);
CREATE INDEX ix_deletions_run_name ON deletions (run_name, id);

CREATE TABLE deleted_runs (
    id integer PRIMARY KEY,
    name text,
    status text,
    "user" text,
    scheduled timestamp without time zone,
    suite text,
    branch text,
    machine_type text,
    posted timestamp without time zone,
    started timestamp without time zone,
    updated timestamp without time zone,
    jobs_queued integer,
    jobs_waiting integer,
    jobs_running integer,
    jobs_pass integer,
    jobs_fail integer,
    jobs_dead integer,
    jobs_unknown integer,
    first_job_id text,
    first_job_sha1 text,
    first_job_flavor text,
    first_job_priority integer,
    deletion integer NOT NULL REFERENCES deletions (id)
);

CREATE INDEX ix_deleted_runs_deletion ON deleted_runs (deletion);

CREATE TABLE deleted_jobs (
    id integer PRIMARY KEY,
    posted timestamp without time zone,
    started timestamp without time zone,
    updated timestamp without time zone,
    run_id integer,
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
    "timestamp" timestamp without time zone,
    "user" text,
    "verbose" boolean,
    issue_url text,
    comment text,
    pcp_grafana_url text,
    queue text,
    package_source text,
    mon_a_kernel_sha1 text,
    mon_b_kernel_sha1 text,
    deletion integer NOT NULL REFERENCES deletions (id)
);

CREATE INDEX ix_deleted_jobs_deletion ON deleted_jobs (deletion);

-- A node may go while they are here: then it is not linked again.
CREATE TABLE deleted_job_nodes (
    job_id integer NOT NULL,
    node_id integer NOT NULL,
    PRIMARY KEY (job_id, node_id)
);

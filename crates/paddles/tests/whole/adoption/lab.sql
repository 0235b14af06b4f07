-- The tables of a lab, as the older service's own migrations leave them.

CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('7e2a1a0dd1b0');

CREATE TABLE runs (
    id serial NOT NULL,
    name varchar(512),
    status varchar(16),
    "user" varchar(32),
    scheduled timestamp without time zone,
    suite varchar(256),
    branch varchar(128),
    machine_type varchar(32),
    posted timestamp without time zone,
    started timestamp without time zone,
    updated timestamp without time zone,
    CONSTRAINT runs_pkey PRIMARY KEY (id)
);

CREATE TABLE jobs (
    id serial NOT NULL,
    posted timestamp without time zone,
    started timestamp without time zone,
    updated timestamp without time zone,
    run_id integer,
    status varchar(32),
    archive_path varchar(512),
    description text,
    duration integer,
    email varchar(128),
    failure_reason text,
    flavor varchar(128),
    job_id varchar(32),
    kernel text,
    last_in_suite boolean,
    machine_type varchar(32),
    name varchar(512),
    nuke_on_error boolean,
    os_type varchar(32),
    os_version varchar(16),
    overrides text,
    owner varchar(128),
    priority integer,
    pid varchar(32),
    repo varchar(256),
    roles text,
    sentry_event varchar(128),
    success boolean,
    branch varchar(128),
    seed integer,
    sha1 varchar(40),
    sleep_before_teardown integer,
    subset varchar(32),
    suite varchar(256),
    suite_branch varchar(128),
    suite_path varchar(256),
    suite_relpath varchar(256),
    suite_repo varchar(256),
    suite_sha1 varchar(40),
    targets text,
    tasks text,
    teuthology_branch varchar(64),
    teuthology_sha1 varchar(40),
    "timestamp" timestamp without time zone,
    "user" varchar(64),
    "verbose" boolean,
    issue_url text,
    comment text,
    pcp_grafana_url text,
    queue varchar(32),
    package_source varchar(32),
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE TABLE nodes (
    id serial NOT NULL,
    name varchar(256) NOT NULL,
    description text,
    up boolean,
    machine_type varchar(32),
    arch varchar(16),
    is_vm boolean NOT NULL,
    os_type varchar(32),
    os_version varchar(16),
    vm_host_id integer,
    locked boolean NOT NULL,
    locked_by varchar(64),
    locked_since timestamp without time zone,
    mac_address varchar(17),
    ssh_pub_key text,
    CONSTRAINT nodes_pkey PRIMARY KEY (id),
    CONSTRAINT nodes_vm_host_id_fkey FOREIGN KEY (vm_host_id) REFERENCES nodes (id)
);

CREATE TABLE job_nodes (
    node_id integer NOT NULL,
    job_id integer NOT NULL,
    CONSTRAINT job_nodes_pkey PRIMARY KEY (node_id, job_id),
    CONSTRAINT job_nodes_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id),
    CONSTRAINT job_nodes_node_id_fkey FOREIGN KEY (node_id) REFERENCES nodes (id)
);

CREATE TABLE queue (
    queue varchar(32) NOT NULL,
    paused_by varchar(64),
    paused_since timestamp without time zone,
    pause_duration integer,
    paused_until timestamp without time zone,
    CONSTRAINT queue_pkey PRIMARY KEY (queue)
);

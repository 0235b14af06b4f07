DROP INDEX ix_job_nodes_job_id;
CREATE INDEX ix_job_nodes_job_id ON job_nodes (job_id);
DROP INDEX ix_jobs_posted;
CREATE INDEX ix_jobs_posted ON jobs (posted, id);
DROP INDEX ix_jobs_description;
DROP TABLE job_descriptions;
DROP TABLE node_days;

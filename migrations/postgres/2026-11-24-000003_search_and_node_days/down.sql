DROP INDEX ix_jobs_description;
DROP TABLE job_descriptions;
DROP TABLE node_days;

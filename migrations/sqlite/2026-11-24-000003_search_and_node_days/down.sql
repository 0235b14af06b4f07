DROP INDEX ix_jobs_description;
DROP TRIGGER job_descriptions_added;
DROP TABLE job_description_trigrams;
DROP TABLE job_descriptions;
DROP TABLE node_days;

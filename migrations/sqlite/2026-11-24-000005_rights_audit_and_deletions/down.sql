DROP TABLE deleted_job_nodes;
DROP TABLE deleted_jobs;
DROP TABLE deleted_runs;
DROP TABLE deletions;
DROP TABLE audit;
DROP TABLE tokens;

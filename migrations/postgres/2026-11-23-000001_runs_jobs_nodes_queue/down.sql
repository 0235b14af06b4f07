DROP TABLE queue;
DROP TABLE job_nodes;
DROP TABLE nodes;
DROP TABLE jobs;
DROP TABLE runs;

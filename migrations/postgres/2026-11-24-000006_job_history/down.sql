DROP TABLE job_history;
DROP FUNCTION refuse_job_history_change;

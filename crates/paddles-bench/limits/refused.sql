-- Whether the run has this job: that it has is why the report is refused.
\set key random(1, {count of jobs})
SELECT jobs.id FROM jobs JOIN runs ON runs.id = jobs.run_id
    WHERE runs.name = ({runs})[:key] AND jobs.job_id = ({jobs})[:key];

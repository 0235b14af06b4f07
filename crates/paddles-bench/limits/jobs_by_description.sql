-- The latest 25 jobs whose description contains a text.
SELECT jobs.*, runs.name FROM jobs JOIN runs ON runs.id = jobs.run_id
    WHERE jobs.description LIKE '%workloads/w42%' ORDER BY jobs.posted DESC, jobs.id DESC LIMIT 25;

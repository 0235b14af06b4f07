SELECT 'runs', id::text FROM runs
    LEFT JOIN LATERAL (
        SELECT count(*) AS jobs, count(*) FILTER (WHERE status = 'queued') AS queued, count(*) FILTER (WHERE status = 'waiting') AS waiting,
            count(*) FILTER (WHERE status = 'running') AS running, count(*) FILTER (WHERE status = 'pass') AS pass,
            count(*) FILTER (WHERE status = 'fail') AS fail, count(*) FILTER (WHERE status = 'dead') AS dead
        FROM jobs WHERE run_id = runs.id) AS counted ON true
    LEFT JOIN LATERAL (
        SELECT job_id, sha1, flavor, priority FROM jobs WHERE run_id = runs.id ORDER BY job_id COLLATE "C" NULLS LAST LIMIT 1
    ) AS job ON true
    WHERE (jobs_queued, jobs_waiting, jobs_running, jobs_pass, jobs_fail, jobs_dead,
        jobs_queued + jobs_waiting + jobs_running + jobs_pass + jobs_fail + jobs_dead + jobs_unknown)
        IS DISTINCT FROM (queued, waiting, running, pass, fail, dead, jobs)
    OR (first_job_id, first_job_sha1, first_job_flavor, first_job_priority) IS DISTINCT FROM (job_id, sha1, flavor, priority)
UNION ALL (
    SELECT 'sha1', sha1 FROM (SELECT run_id, sha1, count(*) FROM jobs JOIN runs ON runs.id = run_id WHERE sha1 IS NOT NULL GROUP BY 1, 2
        EXCEPT SELECT run_id, sha1, jobs FROM run_sha1s) AS missing)
UNION ALL (
    SELECT 'flavor', flavor FROM (SELECT run_id, flavor, jobs FROM run_flavors
        EXCEPT SELECT run_id, flavor, count(*) FROM jobs WHERE flavor IS NOT NULL GROUP BY 1, 2) AS superfluous)
UNION ALL (
    SELECT 'node day', day || ' ' || node_id FROM (
        SELECT to_char(posted, 'YYYY-MM-DD') AS day, node_id, coalesce(machine_type, '') COLLATE "C", count(*) FILTER (WHERE status = 'pass'),
            count(*) FILTER (WHERE status = 'dead'), count(*) FROM jobs JOIN job_nodes ON job_nodes.job_id = jobs.id
            WHERE posted IS NOT NULL GROUP BY 1, 2, 3
        EXCEPT SELECT day, node_id, machine_type, jobs_pass, jobs_dead,
            jobs_queued + jobs_waiting + jobs_running + jobs_pass + jobs_fail + jobs_dead + jobs_unknown FROM node_days) AS days)
UNION ALL (
    SELECT 'day without jobs', day || ' ' || node_id FROM node_days WHERE day > ''
        AND jobs_queued + jobs_waiting + jobs_running + jobs_pass + jobs_fail + jobs_dead + jobs_unknown > 0 AND NOT EXISTS (
            SELECT FROM jobs JOIN job_nodes ON job_nodes.job_id = jobs.id
            WHERE job_nodes.node_id = node_days.node_id AND to_char(posted, 'YYYY-MM-DD') = day))
UNION ALL (
    SELECT 'description', description FROM (SELECT description FROM jobs WHERE description IS NOT NULL
        EXCEPT SELECT description FROM job_descriptions) AS missing)

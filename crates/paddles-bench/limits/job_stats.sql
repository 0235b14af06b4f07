-- Jobs of the last 14 days by node and state.
SELECT nodes.name, jobs.status, count(*) FROM jobs JOIN job_nodes ON job_nodes.job_id = jobs.id
    JOIN nodes ON nodes.id = job_nodes.node_id
    WHERE jobs.posted >= (now() AT TIME ZONE 'utc') - interval '14 days' GROUP BY nodes.name, jobs.status;

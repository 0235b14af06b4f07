-- The last 25 jobs of a node.
\set key random(1, {count of nodes})
SELECT jobs.*, runs.name FROM job_nodes JOIN jobs ON jobs.id = job_nodes.job_id JOIN runs ON runs.id = jobs.run_id
    WHERE job_nodes.node_id = (SELECT id FROM nodes WHERE name = ({nodes})[:key])
    ORDER BY job_nodes.job_id DESC LIMIT 25;

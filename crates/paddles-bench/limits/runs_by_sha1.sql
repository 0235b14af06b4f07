-- Runs with a job whose sha1 begins so.
\set key random(1, {count of prefixes})
SELECT * FROM runs WHERE id IN (
    SELECT run_id FROM run_sha1s WHERE sha1 >= ({prefixes})[:key] AND sha1 < ({prefixes})[:key] || 'g'
) ORDER BY scheduled DESC, id DESC LIMIT 25;

-- Every sha1.
SELECT DISTINCT sha1 FROM run_sha1s WHERE sha1 > '';

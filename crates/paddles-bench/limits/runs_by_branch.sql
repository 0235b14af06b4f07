-- The latest runs of a branch.
SELECT * FROM runs WHERE branch = {branch} ORDER BY scheduled DESC, id DESC LIMIT 25;

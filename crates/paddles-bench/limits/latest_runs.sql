-- The latest runs.
SELECT * FROM runs ORDER BY posted DESC, id DESC LIMIT {number};

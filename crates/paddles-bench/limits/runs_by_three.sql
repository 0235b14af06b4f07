-- Runs by three filters.
SELECT * FROM runs WHERE suite = 'rados' AND branch = 'main' AND status = 'finished fail'
    ORDER BY scheduled DESC, id DESC LIMIT 25;

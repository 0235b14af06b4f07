-- Page 40 of a filter, 10 runs a page.
SELECT * FROM runs WHERE status = 'finished fail' ORDER BY scheduled DESC, id DESC LIMIT 10 OFFSET 390;

-- Every branch.
SELECT DISTINCT branch FROM runs WHERE branch > '';

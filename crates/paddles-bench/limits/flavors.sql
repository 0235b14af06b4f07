-- Every flavor.
SELECT DISTINCT flavor FROM run_flavors WHERE flavor > '';

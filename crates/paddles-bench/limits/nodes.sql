-- The nodes of a type.
SELECT * FROM nodes WHERE machine_type = 'smithi' ORDER BY name;

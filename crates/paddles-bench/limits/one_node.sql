-- One node by its name.
\set key random(1, {count of nodes})
SELECT * FROM nodes WHERE name = ({nodes})[:key];

-- Four free nodes of a type are locked, and unlocked again. Each fourth client has a type of its own.
\set type :client_id % 4
WITH locked AS (
    UPDATE nodes SET locked = true, locked_by = 'bench@limit', locked_since = now() AT TIME ZONE 'utc',
        description = 'bench'
    WHERE id IN (
        SELECT id FROM nodes WHERE machine_type = 'bench' || :type AND up AND NOT locked ORDER BY name LIMIT 4
        FOR UPDATE SKIP LOCKED
    ) RETURNING *
) SELECT array_agg(name) AS names, string_agg(locked::text, ' ') AS nodes FROM locked \gset
UPDATE nodes SET locked = false, locked_by = NULL, locked_since = NULL WHERE name = ANY (:names::text[]);

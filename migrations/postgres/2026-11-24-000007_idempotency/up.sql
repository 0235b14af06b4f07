-- Changes that are made once: who asked for one under which key, in short what was asked, and what came of it. A key is
-- forgotten after a day.
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    request text NOT NULL,
    -- Null while the change is being made, which nobody else sees.
    outcome text,
    made timestamp NOT NULL,
    PRIMARY KEY (caller, key)
);

CREATE INDEX ix_idempotency_keys_made ON idempotency_keys (made);

-- The message in which a fact came, where that is more than its bytes.
ALTER TABLE held ADD COLUMN origin BYTEA;
ALTER TABLE dead ADD COLUMN origin BYTEA;

-- The topic of dead letters has it not, or not since it died last.
ALTER TABLE dead ADD COLUMN untold SMALLINT NOT NULL DEFAULT 1;
CREATE INDEX dead_untold ON dead (number) WHERE untold = 1;

-- How far the history was sent on, and who may send: `holder` until `until` (microseconds), with the newest epoch.
CREATE TABLE relay (
    name     TEXT   NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    holder   TEXT   NOT NULL,
    until    BIGINT NOT NULL
);

-- One SQLite file is one store. Positions are given under the write lock and never again (AUTOINCREMENT).
CREATE TABLE IF NOT EXISTS stored_events (
    notification_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    originator_id      TEXT    NOT NULL,
    originator_version INTEGER NOT NULL,
    topic              TEXT    NOT NULL,
    state              BLOB    NOT NULL,
    UNIQUE (originator_id, originator_version)
);

-- Whoever shows a complaint reads what was concluded about its service, not all that the service ever heard.
CREATE INDEX IF NOT EXISTS stored_events_outages ON stored_events (originator_id, originator_version)
    WHERE topic IN ('outage.claimed', 'outage.ended', 'outage.restated', 'outage.resumed', 'outage.started');

-- Every fact that was recorded: its identity, a hash of its content, the stream it is in.
CREATE TABLE IF NOT EXISTS facts (
    source TEXT NOT NULL,
    id     TEXT NOT NULL,
    digest BLOB NOT NULL,
    stream TEXT NOT NULL,
    PRIMARY KEY (source, id)
) WITHOUT ROWID;

-- Facts that wait: for their complaint, their original, or their time (`due`, microseconds since 1970).
CREATE TABLE IF NOT EXISTS held (
    source    TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    digest    BLOB    NOT NULL,
    waits_for TEXT    NOT NULL,
    due       INTEGER,
    held_at   INTEGER NOT NULL,
    body      BLOB    NOT NULL,
    origin    BLOB,
    PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held_waits_for ON held (waits_for);
CREATE INDEX IF NOT EXISTS held_due ON held (due) WHERE due IS NOT NULL;

-- What could not be understood, whole, with the reason. The same bytes again are the same dead letter.
-- `origin`: the message in which it came, where that is more than its bytes. `untold`: its topic has it not, or not of late.
CREATE TABLE IF NOT EXISTS dead (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB    NOT NULL UNIQUE,
    reason     TEXT    NOT NULL,
    field      TEXT,
    value      TEXT,
    source     TEXT,
    id         TEXT,
    type       TEXT,
    subject    TEXT,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    times      INTEGER NOT NULL DEFAULT 1,
    body       BLOB    NOT NULL,
    origin     BLOB,
    untold     INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS dead_untold ON dead (number) WHERE untold = 1;

-- An index of what falls due: no truth is in it, it can be made again from the streams.
CREATE TABLE IF NOT EXISTS timers (
    stream TEXT    NOT NULL PRIMARY KEY,
    due    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS timers_due ON timers (due);

-- What a change of a service or a person still means to its complaints: one row a stream, worked off in portions.
CREATE TABLE IF NOT EXISTS work (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT    NOT NULL UNIQUE,
    since  INTEGER NOT NULL,
    cursor TEXT    NOT NULL,
    time   INTEGER NOT NULL,
    source TEXT    NOT NULL,
    id     TEXT    NOT NULL
);

-- An index: which complaints a person was ever given. It can be made again from the streams.
CREATE TABLE IF NOT EXISTS owned (
    person    TEXT NOT NULL,
    complaint TEXT NOT NULL,
    PRIMARY KEY (person, complaint)
) WITHOUT ROWID;

-- How far a feed was taken in, written in the transaction of what it brought.
CREATE TABLE IF NOT EXISTS intake (
    feed      TEXT    NOT NULL,
    part      INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (feed, part)
) WITHOUT ROWID;

-- How far the history was sent on, and who may send: `holder` until `until` (microseconds), with the newest epoch.
-- And where events were read back, how far the index of what falls due is made for them (`timers`).
CREATE TABLE IF NOT EXISTS relay (
    name     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL DEFAULT 0,
    epoch    INTEGER NOT NULL DEFAULT 0,
    holder   TEXT    NOT NULL DEFAULT '',
    until    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Agreements applied before the first fact: they are published with it, whenever it is dated.
CREATE TABLE IF NOT EXISTS staged (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    body   BLOB NOT NULL
);

-- The engine's clock: the last `recorded_at`, and whether it follows the facts (`event`) or the machine (`wall`).
CREATE TABLE IF NOT EXISTS clock (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    recorded_at INTEGER NOT NULL,
    mode        TEXT    NOT NULL CHECK (mode IN ('wall', 'event'))
);
INSERT INTO clock (one, recorded_at, mode) VALUES (1, -1000000000000000000, 'wall') ON CONFLICT DO NOTHING;

PRAGMA user_version = 2;

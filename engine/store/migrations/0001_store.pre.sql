-- One schema of a PostgreSQL database is one store. Text is compared by code points, as SQLite does.

-- Positions are given under the store's write lock, from `positions`: none is burnt by a rollback, none is given twice.
CREATE TABLE stored_events (
    notification_id    BIGINT           NOT NULL PRIMARY KEY,
    originator_id      TEXT COLLATE "C" NOT NULL,
    originator_version BIGINT           NOT NULL,
    topic              TEXT COLLATE "C" NOT NULL,
    state              BYTEA            NOT NULL,
    UNIQUE (originator_id, originator_version)
);

CREATE TABLE positions (
    one  SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    last BIGINT   NOT NULL
) WITH (fillfactor = 10);
INSERT INTO positions (one, last) VALUES (1, 0);

-- Every fact that was recorded: its identity, a hash of its content, the stream it is in. `ref` is a hash of source and
-- id: together they may be longer than what an index takes.
CREATE TABLE facts (
    source TEXT COLLATE "C" NOT NULL,
    id     TEXT COLLATE "C" NOT NULL,
    digest BYTEA            NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    ref    BYTEA            NOT NULL PRIMARY KEY
);

-- Facts that wait: for their complaint, their original, or their time (`due`, microseconds since 1970).
CREATE TABLE held (
    source    TEXT COLLATE "C" NOT NULL,
    id        TEXT COLLATE "C" NOT NULL,
    digest    BYTEA            NOT NULL,
    waits_for TEXT COLLATE "C" NOT NULL,
    due       BIGINT,
    held_at   BIGINT           NOT NULL,
    body      BYTEA            NOT NULL,
    ref       BYTEA            NOT NULL PRIMARY KEY
);
CREATE INDEX held_waits_for ON held USING hash (waits_for);
CREATE INDEX held_due ON held (due) WHERE due IS NOT NULL;

-- What could not be understood, whole, with the reason. The same bytes again are the same dead letter.
CREATE TABLE dead (
    number     BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     BYTEA  NOT NULL UNIQUE,
    reason     TEXT   NOT NULL,
    field      TEXT,
    value      TEXT,
    source     TEXT,
    id         TEXT,
    type       TEXT,
    subject    TEXT,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    times      BIGINT NOT NULL DEFAULT 1,
    body       BYTEA  NOT NULL
);

-- An index of what falls due: no truth is in it, it can be made again from the streams.
CREATE TABLE timers (
    stream TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    due    BIGINT           NOT NULL
);
CREATE INDEX timers_due ON timers (due);

-- What a change of a service or a person still means to its complaints: one row a stream, worked off in portions.
CREATE TABLE work (
    number BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream TEXT COLLATE "C" NOT NULL UNIQUE,
    since  BIGINT           NOT NULL,
    cursor TEXT COLLATE "C" NOT NULL,
    time   BIGINT           NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    id     TEXT COLLATE "C" NOT NULL
);

-- An index: which complaints a person was ever given. It can be made again from the streams.
CREATE TABLE owned (
    person    TEXT COLLATE "C" NOT NULL,
    complaint TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (person, complaint)
);

-- How far a feed was taken in, written in the transaction of what it brought.
CREATE TABLE intake (
    feed      TEXT COLLATE "C" NOT NULL,
    part      BIGINT           NOT NULL,
    position  BIGINT           NOT NULL,
    PRIMARY KEY (feed, part)
);

-- Agreements applied before the first fact: they are published with it, whenever it is dated.
CREATE TABLE staged (
    number BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body   BYTEA  NOT NULL
);

-- The engine's clock: the last `recorded_at`, and whether it follows the facts (`event`) or the machine (`wall`).
CREATE TABLE clock (
    one         SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    recorded_at BIGINT   NOT NULL,
    mode        TEXT     NOT NULL CHECK (mode IN ('wall', 'event'))
) WITH (fillfactor = 10);
INSERT INTO clock (one, recorded_at, mode) VALUES (1, -1000000000000000000, 'wall');

-- Whoever listens need not wait for his next look: a hint, never the truth.
CREATE FUNCTION stored_events_told_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('stored_events', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER stored_events_told AFTER INSERT ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION stored_events_told_v1();

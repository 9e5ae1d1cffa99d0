-- Keys may have two secrets while they are rotated, and scopes. Until now every key opened every door.
UPDATE key SET body = json_remove(
    json_set(body, '$.secrets', json_array(json_object('hash', body ->> '$.hash')), '$.scope', json_object('admin', 'all')),
    '$.hash'
) WHERE body ->> '$.hash' IS NOT NULL;
ALTER TABLE key ADD COLUMN id TEXT GENERATED ALWAYS AS (body ->> '$.id') VIRTUAL;
CREATE UNIQUE INDEX key_by_id ON key (id);

-- A number for each thing that others watch: another one after every change.
CREATE TABLE version (
    what   TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO version (what, number) VALUES ('key', 0);
CREATE TRIGGER key_came AFTER INSERT ON key BEGIN UPDATE version SET number = number + 1 WHERE what = 'key'; END;
CREATE TRIGGER key_changed AFTER UPDATE ON key BEGIN UPDATE version SET number = number + 1 WHERE what = 'key'; END;
CREATE TRIGGER key_went AFTER DELETE ON key BEGIN UPDATE version SET number = number + 1 WHERE what = 'key'; END;

-- Whose a trace is. Cost is summed in the books from now on; a trace's id tells its time, to a minute; and only
-- what did not go well is looked for by its outcome.
ALTER TABLE trace ADD COLUMN user TEXT;
UPDATE trace SET user = (SELECT body ->> '$.user' FROM trace_body WHERE trace_body.id = trace.id);
CREATE INDEX trace_by_user ON trace (user, id) WHERE user IS NOT NULL;
DROP INDEX trace_by_at;
DROP INDEX trace_by_outcome;
CREATE INDEX trace_by_outcome ON trace (outcome, id) WHERE outcome <> 'answered';

-- Requests that were counted and whose trace is not there: not kept, or erased.
CREATE TABLE unkept (
    id BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- The books: sums by hour, and the same by day, so that a year's report adds up few rows.
CREATE TABLE spend (
    span              INTEGER NOT NULL, -- seconds: 3600 or 86400
    kind              TEXT    NOT NULL, -- all, key, tenant, user, function, target, tag:NAME
    at                INTEGER NOT NULL, -- the first second of the span, since 1970
    name              TEXT    NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    unpriced          INTEGER NOT NULL,
    cost              INTEGER NOT NULL, -- nano-dollars
    took_us           INTEGER NOT NULL,
    input             INTEGER NOT NULL,
    cache_read        INTEGER NOT NULL,
    cache_write       INTEGER NOT NULL,
    cache_write_hour  INTEGER NOT NULL,
    audio_input       INTEGER NOT NULL,
    output            INTEGER NOT NULL,
    audio_output      INTEGER NOT NULL,
    reasoning         INTEGER NOT NULL,
    images            INTEGER NOT NULL,
    searches          INTEGER NOT NULL,
    reported          INTEGER,          -- nano-dollars; null where no provider reported a cost
    estimated         INTEGER NOT NULL,
    PRIMARY KEY (span, kind, at, name)
) WITHOUT ROWID;

-- What was charged to budgets.
CREATE TABLE account (
    id    TEXT    NOT NULL PRIMARY KEY,
    start INTEGER NOT NULL, -- the first second of its window, since 1970; 0 for a window without an end
    spent INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE lease (
    account TEXT    NOT NULL,
    holder  TEXT    NOT NULL,
    amount  INTEGER NOT NULL,
    renewed INTEGER NOT NULL, -- milliseconds since 1970
    lives   INTEGER NOT NULL, -- milliseconds from then
    PRIMARY KEY (account, holder)
) WITHOUT ROWID;
CREATE INDEX lease_by_holder ON lease (holder);

CREATE TABLE replica (
    holder TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL, -- milliseconds since 1970
    body   TEXT    NOT NULL  -- JSON
) WITHOUT ROWID;

-- The audit log only grows.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    hash   TEXT NOT NULL,
    body   TEXT NOT NULL -- JSON, byte for byte what the hash is of
);
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;

-- Who was erased, by hash, and the sources that went with them.
CREATE TABLE erasure (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    user   TEXT    NOT NULL,
    at     INTEGER NOT NULL -- nanoseconds since 1970
);
CREATE TABLE tombstone (
    knowledge TEXT NOT NULL,
    hash      TEXT NOT NULL,
    PRIMARY KEY (knowledge, hash)
) WITHOUT ROWID;

ALTER TABLE document ADD COLUMN owner TEXT GENERATED ALWAYS AS (head ->> '$.owner') VIRTUAL;
CREATE INDEX document_by_owner ON document (owner) WHERE owner IS NOT NULL;

ALTER TABLE run_case ADD COLUMN trace_id TEXT GENERATED ALWAYS AS (body ->> '$.trace_id') VIRTUAL;
CREATE INDEX run_case_by_trace ON run_case (trace_id) WHERE trace_id IS NOT NULL;
-- Whose the trace was, once it is no longer there to tell.
ALTER TABLE run_case ADD COLUMN user TEXT;
CREATE INDEX run_case_by_user ON run_case (user) WHERE user IS NOT NULL;

-- The books of what is there already.
CREATE VIEW entry AS
    SELECT trace.at / 1000 AS at, kind.column1 AS kind,
        CASE kind.column1 WHEN 'all' THEN '' ELSE body ->> kind.column1 END AS name,
        outcome <> 'answered' AS failed, body ->> '$.cost' AS cost, body ->> '$.took_us' AS took_us,
        body -> '$.usage' AS usage
    FROM trace JOIN trace_body ON trace_body.id = trace.id
    JOIN (VALUES ('all'), ('key'), ('tenant'), ('user'), ('function')) AS kind
UNION ALL
    SELECT trace.at / 1000, 'tag:' || tag.key, tag.value,
        outcome <> 'answered', body ->> '$.cost', body ->> '$.took_us', body -> '$.usage'
    FROM trace JOIN trace_body ON trace_body.id = trace.id JOIN json_each(body, '$.tags') AS tag
UNION ALL
    SELECT trace.at / 1000, 'target', attempt.value ->> '$.target',
        attempt.value ->> '$.fault' IS NOT NULL, attempt.value ->> '$.cost', attempt.value ->> '$.took_us',
        coalesce(attempt.value -> '$.usage', '{}')
    FROM trace JOIN trace_body ON trace_body.id = trace.id JOIN json_each(body, '$.attempts') AS attempt;
INSERT INTO spend
    SELECT span.column1, kind, at / span.column1 * span.column1, name,
        count(*), sum(failed), sum(cost IS NULL), sum(coalesce(cost, 0)), sum(took_us),
        sum(coalesce(usage ->> '$.input', 0)), sum(coalesce(usage ->> '$.cache_read', 0)),
        sum(coalesce(usage ->> '$.cache_write', 0)), 0, 0, sum(coalesce(usage ->> '$.output', 0)), 0,
        sum(coalesce(usage ->> '$.reasoning', 0)), 0, 0, NULL, max(coalesce(usage ->> '$.estimated', 0))
    FROM entry JOIN (VALUES (3600), (86400)) AS span WHERE name IS NOT NULL GROUP BY 1, 2, 3, 4;
DROP VIEW entry;
ALTER TABLE trace DROP COLUMN cost;
-- It is made of the trace itself.
ALTER TABLE trace DROP COLUMN summary;

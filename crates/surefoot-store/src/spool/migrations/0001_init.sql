-- Records that wait to be moved to Postgres. Numbers are never used again: the mark of how far they were moved is
-- kept there, by the name of this spool.
CREATE TABLE spool (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id BLOB    NOT NULL,
    body     TEXT    NOT NULL, -- JSON: the trace, or what was said about it
    kept     INTEGER,          -- whether the trace is to be kept; null for feedback
    charges  TEXT              -- JSON; null for feedback
);
CREATE INDEX spool_by_trace ON spool (trace_id);

-- Records that Postgres refused for what is in them, with its reason.
CREATE TABLE refused (
    number   INTEGER PRIMARY KEY,
    trace_id BLOB    NOT NULL,
    body     TEXT    NOT NULL,
    kept     INTEGER,
    charges  TEXT,
    why      TEXT    NOT NULL
);

CREATE TABLE name (id TEXT NOT NULL);

-- Ids are 16 bytes, big-endian, so that they sort by the time they were made.

-- What a list of traces shows. Clustered by id: the newest page is the end of the tree.
CREATE TABLE trace (
    id       BLOB    NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL, -- milliseconds since 1970
    asked    TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    session  TEXT,
    question TEXT    NOT NULL,
    cost     INTEGER,          -- nano-dollars; null when unknown
    summary  TEXT    NOT NULL  -- JSON
) WITHOUT ROWID;
CREATE INDEX trace_by_at ON trace (at, cost);
CREATE INDEX trace_by_asked ON trace (asked, id);
CREATE INDEX trace_by_outcome ON trace (outcome, id);
CREATE INDEX trace_by_session ON trace (session, id) WHERE session IS NOT NULL;

-- Whole traces, apart from the list, so that pages of the list stay dense.
CREATE TABLE trace_body (
    id   BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL -- JSON
);

CREATE TABLE feedback (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id BLOB NOT NULL,
    body     TEXT NOT NULL -- JSON
);
CREATE INDEX feedback_by_trace ON feedback (trace_id, number);

CREATE TABLE key (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT NOT NULL UNIQUE,
    body   TEXT NOT NULL -- JSON; holds the hash, never the secret
);

CREATE TABLE document (
    id        BLOB NOT NULL PRIMARY KEY,
    knowledge TEXT NOT NULL,
    path      TEXT NOT NULL,
    hash      TEXT NOT NULL,
    embedder  TEXT NOT NULL,
    head      TEXT NOT NULL, -- JSON: the document without its text
    text      TEXT NOT NULL,
    UNIQUE (knowledge, path)
);

CREATE TABLE passage (
    key         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
    document_id BLOB    NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    body        TEXT    NOT NULL, -- JSON
    vector      BLOB    NOT NULL  -- one signed byte a component
);
CREATE INDEX passage_by_document ON passage (document_id, key);

-- What happened to each knowledge, for the indexes that follow it.
CREATE TABLE change (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    knowledge   TEXT NOT NULL,
    document_id BLOB,  -- the document that came; or
    gone        TEXT   -- JSON: the keys that went
);
CREATE INDEX change_by_knowledge ON change (knowledge, number);

CREATE TABLE run (
    id   BLOB NOT NULL PRIMARY KEY,
    eval TEXT NOT NULL,
    body TEXT NOT NULL -- JSON
) WITHOUT ROWID;
CREATE INDEX run_by_eval ON run (eval, id);

CREATE TABLE run_case (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id BLOB NOT NULL,
    body   TEXT NOT NULL -- JSON
);
CREATE INDEX run_case_by_run ON run_case (run_id, number);

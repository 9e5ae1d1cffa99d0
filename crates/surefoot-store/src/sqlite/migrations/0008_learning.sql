-- Who said it: an erasure looks for it. What is there already is of the trace's own user, and goes with the trace.
ALTER TABLE feedback ADD COLUMN user TEXT;
CREATE INDEX feedback_by_user ON feedback (user) WHERE user IS NOT NULL;

-- Keys for what Surefoot itself signs.
CREATE TABLE secret (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Requests that were part of an experiment.
CREATE TABLE trial (
    trace_id   BLOB    NOT NULL PRIMARY KEY,
    experiment TEXT    NOT NULL,
    unit       TEXT    NOT NULL, -- a hash: who was drawn for
    variant    TEXT    NOT NULL,
    share      REAL    NOT NULL, -- with which probability the variant was drawn
    at         INTEGER NOT NULL, -- milliseconds since 1970
    took_us    INTEGER NOT NULL,
    cost       INTEGER,          -- nano-dollars; null when unknown
    failed     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX trial_by_experiment ON trial (experiment, trace_id);

-- How experiments stand.
CREATE TABLE experiment (
    id       TEXT    NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    body     TEXT    NOT NULL -- JSON
) WITHOUT ROWID;

-- Who said it: an erasure looks for it. What is there already is of the trace's own user, and goes with the trace.
ALTER TABLE feedback ADD COLUMN user_name text COLLATE "C";
ALTER TABLE feedback ALTER user_name SET STATISTICS 0;
CREATE INDEX feedback_by_user ON feedback (user_name) WHERE user_name IS NOT NULL;

-- Keys for what Surefoot itself signs.
CREATE TABLE secret (
    name  text  COLLATE "C" NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- Requests that were part of an experiment.
CREATE TABLE trial (
    trace_id   bytea            NOT NULL PRIMARY KEY,
    experiment text             COLLATE "C" NOT NULL,
    unit       text             COLLATE "C" NOT NULL, -- a hash: who was drawn for
    variant    text             COLLATE "C" NOT NULL,
    share      double precision NOT NULL, -- with which probability the variant was drawn
    at         bigint           NOT NULL,
    took_us    bigint           NOT NULL,
    cost       bigint,                    -- nano-dollars; null when unknown
    failed     boolean          NOT NULL
);
CREATE INDEX trial_by_experiment ON trial (experiment, trace_id);

-- How experiments stand.
CREATE TABLE experiment (
    id       text   COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint NOT NULL,
    body     text   NOT NULL -- JSON
);

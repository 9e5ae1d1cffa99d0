-- Ids are 16 bytes, big-endian, and begin with the milliseconds in which they were made. Times are milliseconds since
-- 1970, but for those of leases and seats, which are by this server's own clock. Texts that are compared or put in
-- order are so by their bytes, whatever the database's locale. JSON is kept as text: json and jsonb refuse \u0000.

-- What a list of traces shows. Partitioned by month on the time in the id, so that retention drops whole months.
CREATE TABLE trace (
    id        bytea  NOT NULL PRIMARY KEY,
    at        bigint NOT NULL,
    asked     text   COLLATE "C" NOT NULL,
    outcome   text   COLLATE "C" NOT NULL,
    session   text   COLLATE "C",
    user_name text   COLLATE "C",
    question  text   COLLATE "C" NOT NULL,
    summary   text   NOT NULL -- JSON
) PARTITION BY RANGE (id);
ALTER TABLE trace ALTER session SET STATISTICS 0, ALTER user_name SET STATISTICS 0,
    ALTER question SET STATISTICS 0, ALTER summary SET STATISTICS 0;
CREATE INDEX trace_by_at ON trace (at);
CREATE INDEX trace_by_asked ON trace (asked, id);
CREATE INDEX trace_by_outcome ON trace (outcome, id);
CREATE INDEX trace_by_session ON trace (session, id) WHERE session IS NOT NULL;
CREATE INDEX trace_by_user ON trace (user_name) WHERE user_name IS NOT NULL;

-- Whole traces, apart from the list, so that pages of the list stay dense.
CREATE TABLE trace_body (
    id   bytea NOT NULL PRIMARY KEY,
    body text  NOT NULL -- JSON
) PARTITION BY RANGE (id);
ALTER TABLE trace_body ALTER body SET STATISTICS 0;

-- Requests that were counted and of which no trace is kept: nothing is counted twice. What comes late about one that
-- was erased is not kept.
CREATE TABLE counted (
    id     bytea   NOT NULL PRIMARY KEY,
    erased boolean NOT NULL
) PARTITION BY RANGE (id);

-- Whether the month that a moment lies in has its partitions.
CREATE FUNCTION trace_month_is_there(moment bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT to_regclass('trace_' || to_char(to_timestamp(moment / 1000.0) AT TIME ZONE 'UTC', '"y"YYYY"m"MM')) IS NOT NULL
$$;

-- Makes the partitions of the month that a moment lies in. It waits for whoever uses the table, and everybody then
-- waits for it: not for long. The planner keeps no samples of what people said or of who they are: an erasure could
-- not reach them.
CREATE FUNCTION trace_month(moment bigint) RETURNS void LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    first timestamp := date_trunc('month', to_timestamp(moment / 1000.0) AT TIME ZONE 'UTC');
    name text := to_char(first, '"y"YYYY"m"MM');
    low bytea := decode(lpad(to_hex((extract(epoch FROM first) * 1000)::bigint), 12, '0'), 'hex');
    high bytea := decode(lpad(to_hex((extract(epoch FROM first + interval '1 month') * 1000)::bigint), 12, '0'), 'hex');
BEGIN
    IF trace_month_is_there(moment) THEN
        RETURN;
    END IF;
    -- One at a time; whoever waited finds them made (in the catalogue itself: to_regclass may tell of before).
    PERFORM pg_advisory_xact_lock(7237123, 3);
    IF EXISTS (SELECT FROM pg_inherits JOIN pg_class ON oid = inhrelid
               WHERE inhparent = 'trace'::regclass AND relname = 'trace_' || name) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF trace FOR VALUES FROM (%L) TO (%L)', 'trace_' || name, low, high);
    EXECUTE format('ALTER TABLE %I ALTER session SET STATISTICS 0, ALTER user_name SET STATISTICS 0,
                    ALTER question SET STATISTICS 0, ALTER summary SET STATISTICS 0', 'trace_' || name);
    EXECUTE format('CREATE TABLE %I PARTITION OF trace_body FOR VALUES FROM (%L) TO (%L)', 'trace_body_' || name, low, high);
    EXECUTE format('ALTER TABLE %I ALTER body SET STATISTICS 0', 'trace_body_' || name);
    EXECUTE format('CREATE TABLE %I PARTITION OF counted FOR VALUES FROM (%L) TO (%L)', 'counted_' || name, low, high);
END $$;

CREATE TABLE feedback (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trace_id bytea  NOT NULL,
    body     text   NOT NULL -- JSON
);
CREATE INDEX feedback_by_trace ON feedback (trace_id, number);
ALTER TABLE feedback ALTER body SET STATISTICS 0;

-- How far each seat's spool has been moved in here. `clean` is the last moment at which nothing was left in it.
CREATE TABLE spool (
    id      text        COLLATE "C" NOT NULL PRIMARY KEY,
    holder  text        COLLATE "C" NOT NULL,
    drained bigint      NOT NULL DEFAULT 0,
    seen    timestamptz NOT NULL DEFAULT now(),
    clean   timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX spool_by_holder ON spool (holder);

-- The books: sums by hour, and the same by day, so that a year's report adds up few rows.
CREATE TABLE spend (
    span             bigint NOT NULL,             -- seconds: 3600 or 86400
    kind             text   COLLATE "C" NOT NULL, -- all, key, tenant, user, function, target, tag:NAME
    at               bigint NOT NULL,             -- the first second of the span, since 1970
    name             text   COLLATE "C" NOT NULL,
    requests         bigint NOT NULL,
    failed           bigint NOT NULL,
    unpriced         bigint NOT NULL,
    cost             bigint NOT NULL, -- nano-dollars
    took_us          bigint NOT NULL,
    input            bigint NOT NULL,
    cache_read       bigint NOT NULL,
    cache_write      bigint NOT NULL,
    cache_write_hour bigint NOT NULL,
    audio_input      bigint NOT NULL,
    output           bigint NOT NULL,
    audio_output     bigint NOT NULL,
    reasoning        bigint NOT NULL,
    images           bigint NOT NULL,
    searches         bigint NOT NULL,
    reported         bigint,          -- nano-dollars; null where no provider told
    estimated        bigint NOT NULL, -- 1 if any of it is
    PRIMARY KEY (span, kind, at, name)
);
CREATE INDEX spend_by_at ON spend (at);
CREATE INDEX spend_by_user ON spend (name) WHERE kind = 'user';
ALTER TABLE spend ALTER name SET STATISTICS 0;

CREATE TABLE key (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id     bytea  NOT NULL UNIQUE,
    name   text   COLLATE "C" NOT NULL UNIQUE,
    body   text   NOT NULL -- JSON; holds hashes, never a secret
);
-- One row: its lock puts changes of keys in one order.
CREATE TABLE key_version (number bigint NOT NULL);
INSERT INTO key_version VALUES (0);

-- Budgets and limits: what was charged to each, and what is leased of it. A lease lives as long as its holder's seat.
CREATE TABLE account (
    account text   COLLATE "C" NOT NULL PRIMARY KEY,
    start   bigint NOT NULL, -- seconds since 1970
    spent   bigint           -- null until something is charged
);
ALTER TABLE account ALTER account SET STATISTICS 0;
CREATE TABLE lease (
    account text   COLLATE "C" NOT NULL REFERENCES account ON DELETE CASCADE,
    holder  text   COLLATE "C" NOT NULL,
    amount  bigint NOT NULL,
    PRIMARY KEY (account, holder)
);
CREATE INDEX lease_by_holder ON lease (holder);
ALTER TABLE lease ALTER account SET STATISTICS 0;
CREATE TABLE seat (
    holder text        COLLATE "C" NOT NULL PRIMARY KEY,
    until  timestamptz NOT NULL
);

-- What holders other than `me` have of an account. A lease that ran out still counts while its holder's spool may hold
-- charges that were taken from it: until that has been emptied, or has not been heard of for `doubt`.
CREATE FUNCTION lease_others(of text, me text, doubt interval) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(lease.amount), 0)::bigint FROM lease JOIN seat USING (holder)
    WHERE lease.account = of AND holder <> me AND (
        until > clock_timestamp() OR EXISTS (
            SELECT 1 FROM spool WHERE spool.holder = lease.holder AND clean < until
            AND greatest(until, seen, pg_postmaster_start_time()) + doubt > clock_timestamp()))
$$;

-- Changes a holder's leases, in one round trip. `steps` says which of the amounts are steps and which are targets;
-- `emptied` names the asking seat's spool where nothing is left in it.
CREATE FUNCTION lease_change(
    me text, lives interval, doubt interval, emptied text,
    accounts text[], starts bigint[], limits bigint[], steps boolean[], amounts bigint[]
) RETURNS TABLE (changed bigint, spent bigint, others bigint) LANGUAGE plpgsql AS $$
DECLARE
    mine bigint;
    room bigint;
    wanted bigint;
BEGIN
    UPDATE spool SET seen = clock_timestamp(), clean = clock_timestamp() WHERE id = emptied;
    -- First the seat, then the accounts in one order: nobody waits for somebody who waits for him.
    INSERT INTO seat VALUES (me, '-infinity') ON CONFLICT DO NOTHING;
    IF (SELECT until <= clock_timestamp() FROM seat WHERE holder = me FOR UPDATE) THEN
        DELETE FROM lease WHERE holder = me;
    END IF;
    INSERT INTO account SELECT DISTINCT asked, start FROM unnest(accounts, starts) AS ask (asked, start)
        ORDER BY asked ON CONFLICT DO NOTHING;
    PERFORM 1 FROM account WHERE account = ANY (accounts) ORDER BY account FOR UPDATE;
    FOR i IN 1 .. cardinality(accounts) LOOP
        spent := coalesce((SELECT account.spent FROM account WHERE account = accounts[i]), 0);
        others := lease_others(accounts[i], me, doubt);
        mine := coalesce((SELECT amount FROM lease WHERE account = accounts[i] AND holder = me), 0);
        room := limits[i] - spent - others;
        wanted := CASE
            WHEN NOT steps[i] THEN greatest(least(amounts[i], room), 0)
            WHEN amounts[i] > 0 THEN mine + least(amounts[i], greatest(room - mine, 0))
            ELSE greatest(mine + amounts[i], 0)
        END;
        IF wanted > 0 THEN
            INSERT INTO lease VALUES (accounts[i], me, wanted)
                ON CONFLICT (account, holder) DO UPDATE SET amount = excluded.amount;
        ELSE
            DELETE FROM lease WHERE account = accounts[i] AND holder = me;
        END IF;
        changed := CASE WHEN steps[i] THEN wanted - mine ELSE wanted END;
        RETURN NEXT;
    END LOOP;
    UPDATE seat SET until = clock_timestamp() + lives WHERE holder = me;
END $$;

-- The processes that share this database.
CREATE TABLE replica (
    holder text        COLLATE "C" NOT NULL PRIMARY KEY,
    body   text        NOT NULL, -- JSON
    at     timestamptz NOT NULL
);

CREATE TABLE document (
    id        bytea NOT NULL PRIMARY KEY,
    knowledge text  COLLATE "C" NOT NULL,
    path      text  COLLATE "C" NOT NULL,
    title     text  NOT NULL,
    hash      text  NOT NULL,
    embedder  text  NOT NULL,
    owner     text  COLLATE "C",
    head      text  NOT NULL, -- JSON: the document without its text
    text      bytea NOT NULL, -- UTF-8; a text column would refuse a zero byte
    UNIQUE (knowledge, path)
);
CREATE INDEX document_by_owner ON document (owner) WHERE owner IS NOT NULL;
ALTER TABLE document ALTER path SET STATISTICS 0, ALTER title SET STATISTICS 0, ALTER owner SET STATISTICS 0,
    ALTER head SET STATISTICS 0, ALTER text SET STATISTICS 0;

-- Sources that went when their owner was erased: the same file does not come back.
CREATE TABLE tombstone (
    knowledge text COLLATE "C" NOT NULL,
    hash      text COLLATE "C" NOT NULL,
    PRIMARY KEY (knowledge, hash)
);

CREATE TABLE passage (
    key         bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, -- never used again
    document_id bytea  NOT NULL REFERENCES document ON DELETE CASCADE,
    body        text   NOT NULL, -- JSON
    vector      bytea  NOT NULL  -- one signed byte a component
);
CREATE INDEX passage_by_document ON passage (document_id, key);
ALTER TABLE passage ALTER body SET STATISTICS 0, ALTER vector SET STATISTICS 0;

-- What happened to each knowledge, for the indexes that follow it. A number is drawn from the knowledge's row, whose
-- lock is held to the end of the transaction: changes become visible in the order of their numbers.
CREATE TABLE knowledge (
    name   text   COLLATE "C" NOT NULL PRIMARY KEY,
    latest bigint NOT NULL
);
CREATE TABLE change (
    knowledge   text   COLLATE "C" NOT NULL,
    number      bigint NOT NULL,
    document_id bytea, -- the document that came; or
    gone        text,  -- JSON: the keys that went
    PRIMARY KEY (knowledge, number)
);

CREATE TABLE run (
    id   bytea NOT NULL PRIMARY KEY,
    eval text  COLLATE "C" NOT NULL,
    body text  NOT NULL -- JSON
);
CREATE INDEX run_by_eval ON run (eval, id);

CREATE TABLE run_case (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id    bytea NOT NULL,
    trace_id  bytea,                -- the request that it made,
    user_name text  COLLATE "C",    -- and whose that was: a trace may go before its case
    body      text  NOT NULL        -- JSON
);
CREATE INDEX run_case_by_run ON run_case (run_id, number);
CREATE INDEX run_case_by_trace ON run_case (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX run_case_by_user ON run_case (user_name) WHERE user_name IS NOT NULL;
ALTER TABLE run_case ALTER body SET STATISTICS 0, ALTER user_name SET STATISTICS 0;

-- The audit log: a chain of hashes, which only grows.
CREATE TABLE audit (
    number bigint NOT NULL PRIMARY KEY,
    draft  text   NOT NULL, -- JSON
    hash   text   NOT NULL
);
CREATE FUNCTION audit_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows';
END $$;
CREATE TRIGGER audit_stands BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_stands();

-- Who was erased, by hash, and up to when (nanoseconds since 1970); and which tables are still to be written anew.
CREATE TABLE erasure (
    number    bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    user_hash text   COLLATE "C" NOT NULL,
    at        bigint NOT NULL,
    unswept   text[] NOT NULL
);
CREATE INDEX erasure_by_user ON erasure (user_hash);

-- How far a move from a SQLite file has come: the last row of each kind, as text.
CREATE TABLE moved (
    what  text NOT NULL PRIMARY KEY,
    up_to text NOT NULL
);

-- Leases of budgets live longer than those of limits: whoever holds one may spend from it while this server is away.
ALTER TABLE seat ADD COLUMN money_until timestamptz NOT NULL DEFAULT '-infinity';
UPDATE seat SET money_until = until;

-- Who waits for units of an account that had none left, in the order in which they came. Nothing that a crash may not
-- take: whoever waits asks again.
-- An account may name a person: only its hash stands here, so that an erasure has nothing to look for.
CREATE UNLOGGED TABLE lease_want (
    account bigint      NOT NULL,
    holder  text        COLLATE "C" NOT NULL,
    since   timestamptz NOT NULL,
    seen    timestamptz NOT NULL,
    PRIMARY KEY (account, holder)
);

CREATE OR REPLACE FUNCTION lease_others(of text, me text, doubt interval) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(lease.amount), 0)::bigint FROM lease
    JOIN (SELECT holder, CASE WHEN starts_with(of, 'budget:') THEN money_until ELSE until END AS ends FROM seat) AS seat
        USING (holder)
    WHERE lease.account = of AND holder <> me AND (
        ends > clock_timestamp() OR EXISTS (
            SELECT 1 FROM spool WHERE spool.holder = lease.holder AND clean < ends
            AND greatest(ends, seen, pg_postmaster_start_time()) + doubt > clock_timestamp()))
$$;

-- Changes a holder's leases, in one round trip. `steps` says which of the amounts are steps and which are targets;
-- `needs` what requests wait for; `emptied` names the asking seat's spool where nothing is left in it. `turn` is 0
-- where nobody else waits, 1 where the asker is first in the line, 2 where somebody else is.
CREATE FUNCTION lease_change(
    me text, lives interval, money_lives interval, doubt interval, emptied text,
    accounts text[], starts bigint[], limits bigint[], steps boolean[], amounts bigint[], needs bigint[]
) RETURNS TABLE (changed bigint, spent bigint, others bigint, turn integer) LANGUAGE plpgsql AS $$
DECLARE
    line CONSTANT interval := interval '1 second';
    own seat%ROWTYPE;
    mine bigint;
    room bigint;
    wanted bigint;
    hashed bigint;
    first text;
BEGIN
    UPDATE spool SET seen = clock_timestamp(), clean = clock_timestamp() WHERE id = emptied;
    -- First the seat, then the accounts in one order: nobody waits for somebody who waits for him.
    INSERT INTO seat VALUES (me, '-infinity', '-infinity') ON CONFLICT DO NOTHING;
    SELECT * INTO own FROM seat WHERE holder = me FOR UPDATE;
    IF own.until <= clock_timestamp() THEN
        DELETE FROM lease WHERE holder = me AND (own.money_until <= clock_timestamp() OR NOT starts_with(account, 'budget:'));
    END IF;
    INSERT INTO account SELECT DISTINCT asked, start FROM unnest(accounts, starts) AS ask (asked, start)
        ORDER BY asked ON CONFLICT DO NOTHING;
    PERFORM 1 FROM account WHERE account = ANY (accounts) ORDER BY account FOR UPDATE;
    FOR i IN 1 .. cardinality(accounts) LOOP
        spent := coalesce((SELECT account.spent FROM account WHERE account = accounts[i]), 0);
        others := lease_others(accounts[i], me, doubt);
        mine := coalesce((SELECT amount FROM lease WHERE account = accounts[i] AND holder = me), 0);
        room := limits[i] - spent - others;
        hashed := hashtextextended(accounts[i], 0);
        turn := 0;
        IF EXISTS (SELECT FROM lease_want WHERE account = hashed AND holder <> me AND seen > clock_timestamp() - line) THEN
            SELECT holder INTO first FROM lease_want WHERE account = hashed AND seen > clock_timestamp() - line
                ORDER BY since, holder LIMIT 1;
            turn := CASE WHEN first = me THEN 1 ELSE 2 END;
        END IF;
        wanted := CASE
            WHEN NOT steps[i] THEN greatest(least(amounts[i], room), 0)
            WHEN amounts[i] > 0 AND turn = 2 THEN mine
            WHEN amounts[i] > 0 THEN mine + least(amounts[i], greatest(room - mine, 0))
            ELSE greatest(mine + amounts[i], 0)
        END;
        IF wanted > 0 THEN
            INSERT INTO lease VALUES (accounts[i], me, wanted)
                ON CONFLICT (account, holder) DO UPDATE SET amount = excluded.amount;
        ELSE
            DELETE FROM lease WHERE account = accounts[i] AND holder = me;
        END IF;
        IF needs[i] > greatest(wanted - mine, 0) THEN
            INSERT INTO lease_want VALUES (hashed, me, clock_timestamp(), clock_timestamp())
                ON CONFLICT (account, holder) DO UPDATE SET seen = excluded.seen,
                    since = CASE WHEN lease_want.seen > excluded.seen - line THEN lease_want.since ELSE excluded.since END;
        ELSE
            DELETE FROM lease_want WHERE account = hashed AND (holder = me OR seen <= clock_timestamp() - line);
        END IF;
        changed := CASE WHEN steps[i] THEN wanted - mine ELSE wanted END;
        RETURN NEXT;
    END LOOP;
    UPDATE seat SET until = clock_timestamp() + lives, money_until = clock_timestamp() + money_lives WHERE holder = me;
END $$;

-- As processes of the version before ask, while they still run beside newer ones.
CREATE OR REPLACE FUNCTION lease_change(
    me text, lives interval, doubt interval, emptied text,
    accounts text[], starts bigint[], limits bigint[], steps boolean[], amounts bigint[]
) RETURNS TABLE (changed bigint, spent bigint, others bigint) LANGUAGE sql AS $$
    SELECT changed, spent, others FROM lease_change(
        me, lives, lives, doubt, emptied, accounts, starts, limits, steps, amounts, array_fill(0::bigint, ARRAY[cardinality(accounts)]))
$$;

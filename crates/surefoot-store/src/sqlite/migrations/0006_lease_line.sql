-- Who waits for units of an account that had none left, in the order in which they came.
CREATE TABLE lease_want (
    account TEXT    NOT NULL, -- its hash: an account may name a person, whom an erasure had to find here
    holder  TEXT    NOT NULL,
    since   INTEGER NOT NULL, -- milliseconds since 1970
    seen    INTEGER NOT NULL, -- when they last asked
    PRIMARY KEY (account, holder)
) WITHOUT ROWID;

-- What callers keep for their own use: uploaded files, vector stores, the files in those.
CREATE TABLE item (
    place     text COLLATE "C" NOT NULL, -- its kind, and whose it is or what it is in
    id        text COLLATE "C" NOT NULL,
    at        bigint NOT NULL,           -- nanoseconds since 1970
    due       bigint,                    -- when something must be done about it
    user_name text COLLATE "C",
    status    text   NOT NULL,
    bytes     bigint NOT NULL,
    body      text   NOT NULL,           -- JSON
    PRIMARY KEY (place, id)
);
CREATE INDEX item_by_at ON item (place, at, id);
CREATE INDEX item_by_id ON item (id);
CREATE INDEX item_by_due ON item (due) WHERE due IS NOT NULL;
CREATE INDEX item_by_user ON item (user_name) WHERE user_name IS NOT NULL;

-- Apart, so that lists stay dense.
CREATE TABLE item_content (
    place   text COLLATE "C" NOT NULL,
    id      text COLLATE "C" NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (place, id),
    FOREIGN KEY (place, id) REFERENCES item ON DELETE CASCADE
);
-- The planner keeps no samples of what people keep or of who they are.
ALTER TABLE item ALTER user_name SET STATISTICS 0, ALTER body SET STATISTICS 0;
ALTER TABLE item_content ALTER content SET STATISTICS 0;

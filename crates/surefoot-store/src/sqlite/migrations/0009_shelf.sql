-- What callers keep for their own use: uploaded files, vector stores, the files in those.
CREATE TABLE item (
    place  TEXT    NOT NULL, -- its kind, and whose it is or what it is in
    id     TEXT    NOT NULL,
    at     INTEGER NOT NULL, -- nanoseconds since 1970
    due    INTEGER,          -- when something must be done about it
    user   TEXT,
    status TEXT    NOT NULL,
    bytes  INTEGER NOT NULL,
    body   TEXT    NOT NULL, -- JSON
    PRIMARY KEY (place, id)
);
CREATE INDEX item_by_at ON item (place, at, id);
CREATE INDEX item_by_id ON item (id);
CREATE INDEX item_by_due ON item (due) WHERE due IS NOT NULL;
CREATE INDEX item_by_user ON item (user) WHERE user IS NOT NULL;

-- Apart, so that lists stay dense.
CREATE TABLE item_content (
    place   TEXT NOT NULL,
    id      TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (place, id),
    FOREIGN KEY (place, id) REFERENCES item (place, id) ON DELETE CASCADE
);

-- Responses that later requests go on from.
CREATE TABLE response (
    id       BLOB NOT NULL PRIMARY KEY,
    previous BLOB,          -- the response that it went on from
    user     TEXT,
    body     TEXT NOT NULL  -- JSON
);
CREATE INDEX response_by_user ON response (user) WHERE user IS NOT NULL;

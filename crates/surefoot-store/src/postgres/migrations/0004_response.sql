-- Responses that later requests go on from.
CREATE TABLE response (
    id        bytea NOT NULL PRIMARY KEY,
    previous  bytea,            -- the response that it went on from
    user_name text COLLATE "C",
    body      text  NOT NULL    -- JSON
);
CREATE INDEX response_by_user ON response (user_name) WHERE user_name IS NOT NULL;
-- The planner keeps no samples of what people said or of who they are.
ALTER TABLE response ALTER user_name SET STATISTICS 0, ALTER body SET STATISTICS 0;

-- Which library this is: an index that followed another one is built anew.
CREATE TABLE library (
    id text NOT NULL
);
INSERT INTO library (id) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Which library this is: an index that followed another one is built anew.
CREATE TABLE library (
    id TEXT NOT NULL
);
INSERT INTO library (id) VALUES (lower(hex(randomblob(16))));

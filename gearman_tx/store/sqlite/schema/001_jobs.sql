-- Version 1: the jobs that were promised to run, and the ids that were given.
--
-- Everything that the protocol treats as bytes is a BLOB, so that any name, unique and workload
-- goes in and comes out as it was, the empty one included.

CREATE TABLE job (
    id        INTEGER PRIMARY KEY,  -- never given twice; the order of submission
    handle    BLOB    NOT NULL,     -- what clients and workers call it
    function  BLOB    NOT NULL,
    unique_id BLOB    NOT NULL,     -- the key it coalesces by; empty for none
    priority  INTEGER NOT NULL,     -- 0 high, 1 normal, 2 low
    workload  BLOB    NOT NULL,
    reducer   BLOB,                 -- NULL unless it is a reduce job
    due       REAL    NOT NULL,     -- Unix seconds before which it does not run; 0 for at once
    retries   INTEGER NOT NULL,     -- how often its worker was lost
    submitted REAL    NOT NULL      -- Unix seconds
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids below this one may have been given, stored or not: a restart begins here.
INSERT INTO setting (name, value) VALUES ('next_id', 1);

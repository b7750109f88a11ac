-- Version 1: the acknowledged background jobs, and the reserved ids.
--
-- Everything that the protocol treats as bytes is a BLOB, so that every name, unique and workload,
-- even an empty one, is read as it was written.

CREATE TABLE job (
    id        INTEGER PRIMARY KEY,  -- never given twice; the order of submission
    handle    BLOB    NOT NULL,     -- its name for clients and workers
    function  BLOB    NOT NULL,
    unique_id BLOB    NOT NULL,     -- the unique by which it coalesces; empty for none
    priority  INTEGER NOT NULL,     -- 0 high, 1 normal, 2 low
    workload  BLOB    NOT NULL,
    reducer   BLOB,                 -- NULL unless it is a reduce job
    due       REAL    NOT NULL,     -- Unix seconds before which it does not run; 0 for at once
    retries   INTEGER NOT NULL,     -- how often its worker was lost or it ran out of time
    submitted REAL    NOT NULL      -- Unix seconds
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The end of the reserved ids: ids below it may have been given, a restart begins here.
INSERT INTO setting (name, value) VALUES ('next_id', 1);

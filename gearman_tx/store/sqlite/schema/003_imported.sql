-- Version 3: what was taken over from stores of the C server, so that nothing is taken over twice.

CREATE TABLE imported (
    source BLOB NOT NULL,  -- 8 bytes that stand for the store
    digest BLOB NOT NULL,  -- 16 bytes that stand for all that the store knew of a job
    taken  REAL NOT NULL,  -- Unix seconds of the import
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;

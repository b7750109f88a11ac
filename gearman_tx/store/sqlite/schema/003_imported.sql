-- Version 3: digests of jobs imported from stores of the C server, so that no job is imported twice.

CREATE TABLE imported (
    source BLOB NOT NULL,  -- 8 bytes, a digest of the store's identity
    digest BLOB NOT NULL,  -- 16 bytes, a digest of every field of the job
    taken  REAL NOT NULL,  -- Unix seconds of the import
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;

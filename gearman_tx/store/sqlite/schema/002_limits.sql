-- Version 2: the queue limits of functions, set with `maxqueue`.

CREATE TABLE max_queue (
    function BLOB    PRIMARY KEY,
    high     INTEGER NOT NULL,  -- 0 is no limit
    normal   INTEGER NOT NULL,
    low      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

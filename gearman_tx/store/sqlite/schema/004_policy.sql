-- Version 4: all settings of functions in one table, one row for each setting.

CREATE TABLE policy (
    function BLOB NOT NULL,
    key      TEXT NOT NULL,  -- the name of the setting
    value    TEXT NOT NULL,  -- as JSON
    PRIMARY KEY (function, key)
) STRICT, WITHOUT ROWID;

INSERT INTO policy (function, key, value)
    SELECT function, 'max_queue', '[' || high || ', ' || normal || ', ' || low || ']'
    FROM max_queue;

DROP TABLE max_queue;

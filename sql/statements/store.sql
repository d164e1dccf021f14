-- Another number whenever another connection has written: https://sqlite.org/pragma.html#pragma_data_version
-- name: data_version
PRAGMA data_version;

-- name: schema_version
PRAGMA user_version;

-- What is wrong with the file, a line each; "ok" when nothing is. Reads all of it, but the contents of the indexes.
-- name: quick_check
PRAGMA quick_check(3);

-- name: broken_reference
-- a table with a row that refers to one that is not there
SELECT "table" FROM pragma_foreign_key_check LIMIT 1;

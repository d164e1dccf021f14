-- Another number whenever another connection has written: https://sqlite.org/pragma.html#pragma_data_version
-- name: data_version
PRAGMA data_version;

#!/bin/sh
# A pass as one would write it in the shell: peer_shell.sh FIRST-PAGE STORE full|poll. curl, jq and sqlite3.
set -eu
url=$1 store=$2 how=$3

sqlite3 "$store" >/dev/null 'PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS snapshots (id INTEGER PRIMARY KEY, updated TEXT, status TEXT, document INTEGER);
    CREATE TABLE IF NOT EXISTS documents (document INTEGER PRIMARY KEY, json TEXT);
    CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, cursor TEXT, watermark TEXT)'
since=
[ "$how" = full ] || since="&updatedAtGte=$(sqlite3 "$store" 'SELECT watermark FROM progress')"

page=$(mktemp) rows=$(mktemp)
trap 'rm -f "$page" "$rows"' EXIT
cursor=
while :; do
    curl -sSf -H 'Authorization: Bearer bench' -o "$page" \
        "$url$since${cursor:+&cursor=$cursor}"
    # one record a line: unit and record separators stand in no JSON text
    jq -j '.workOrders[] | "\(.id)\u001f\(.updatedAt)\u001f\(.status)\u001f\(tojson)\u001e"' "$page" >"$rows"
    cursor=$(jq -r '.nextCursor // ""' "$page")
    sqlite3 -bail "$store" <<SQL
CREATE TEMP TABLE page (id INTEGER PRIMARY KEY, updated TEXT, status TEXT, json TEXT);
.mode ascii
.import $rows page
PRAGMA synchronous = FULL;
BEGIN IMMEDIATE;
DELETE FROM page WHERE EXISTS (SELECT 1 FROM snapshots s
    WHERE s.id = page.id AND s.updated = page.updated AND s.status = page.status);
INSERT INTO documents (document, json)
    SELECT (SELECT coalesce(max(document), 0) FROM documents) + row_number() OVER (ORDER BY id), json FROM page;
INSERT OR REPLACE INTO snapshots (id, updated, status, document)
    SELECT id, updated, status, (SELECT coalesce(max(document), 0) FROM documents) - (SELECT count(*) FROM page)
        + row_number() OVER (ORDER BY id) FROM page;
INSERT OR REPLACE INTO progress VALUES (1, '$cursor',
    (SELECT max(w) FROM (SELECT watermark AS w FROM progress UNION ALL SELECT max(updated) FROM snapshots
                         WHERE document > (SELECT max(document) - 200 FROM documents))));
COMMIT;
SQL
    [ -n "$cursor" ] || break
done

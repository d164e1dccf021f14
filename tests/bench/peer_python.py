"""A pass as one would write it in Python: peer_python.py FIRST-PAGE STORE full|poll. requests (or urllib) and sqlite3."""
import json
import sqlite3
import sys
from urllib.parse import quote

try:
    import requests

    session = requests.Session()

    def get(address):
        answer = session.get(address, headers={"Authorization": "Bearer bench"}, timeout=30)
        answer.raise_for_status()
        return answer.json()
except ImportError:
    import urllib.request

    def get(address):
        asked = urllib.request.Request(address, headers={"Authorization": "Bearer bench"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)


def main(url, path, how):
    store = sqlite3.connect(path, isolation_level=None)
    store.executescript("""
        PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS snapshots (id INTEGER PRIMARY KEY, updated TEXT, status TEXT, document INTEGER);
        CREATE TABLE IF NOT EXISTS documents (document INTEGER PRIMARY KEY, json TEXT);
        CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, cursor TEXT, watermark TEXT)""")
    row = store.execute("SELECT watermark FROM progress").fetchone()
    watermark = row[0] if row else ""
    since = "&updatedAtGte=" + quote(watermark) if how == "poll" else ""
    cursor = None
    while True:
        page = get(url + since + ("&cursor=" + quote(cursor) if cursor else ""))
        store.execute("BEGIN IMMEDIATE")
        for order in page["workOrders"]:
            known = store.execute("SELECT updated, status FROM snapshots WHERE id = ?", (order["id"],)).fetchone()
            if known != (order["updatedAt"], order["status"]):
                document = store.execute("INSERT INTO documents (json) VALUES (?)",
                                         (json.dumps(order, separators=(",", ":"), ensure_ascii=False),)).lastrowid
                store.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
                              (order["id"], order["updatedAt"], order["status"], document))
            watermark = max(watermark, order["updatedAt"])
        cursor = page["nextCursor"]
        store.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?)", (cursor, watermark))
        store.execute("COMMIT")
        if cursor is None:
            break
    store.close()


main(*sys.argv[1:])

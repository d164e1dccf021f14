// A pass as one would write it in Node: node peer_node.mjs FIRST-PAGE STORE full|poll. fetch and better-sqlite3.
import {createRequire} from 'node:module';

const [url, path, how] = process.argv.slice(2);
const Database = createRequire(process.env.BENCH_NODE_MODULES + '/')('better-sqlite3');
const store = new Database(path);
store.pragma('journal_mode = WAL');
store.pragma('synchronous = FULL');
store.exec(`
  CREATE TABLE IF NOT EXISTS snapshots (id INTEGER PRIMARY KEY, updated TEXT, status TEXT, document INTEGER);
  CREATE TABLE IF NOT EXISTS documents (document INTEGER PRIMARY KEY, json TEXT);
  CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, cursor TEXT, watermark TEXT)`);
const look = store.prepare('SELECT updated, status FROM snapshots WHERE id = ?');
const addDocument = store.prepare('INSERT INTO documents (json) VALUES (?)');
const putSnapshot = store.prepare('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)');
const setProgress = store.prepare('INSERT OR REPLACE INTO progress VALUES (1, ?, ?)');
let watermark = store.prepare('SELECT watermark FROM progress').get()?.watermark ?? null;
const since = how === 'poll' ? `&updatedAtGte=${encodeURIComponent(watermark)}` : '';

const takePage = store.transaction((page) => {
  for (const workOrder of page.workOrders) {
    const known = look.get(workOrder.id);
    if (known === undefined || known.updated !== workOrder.updatedAt || known.status !== workOrder.status) {
      const {lastInsertRowid} = addDocument.run(JSON.stringify(workOrder));
      putSnapshot.run(workOrder.id, workOrder.updatedAt, workOrder.status, lastInsertRowid);
    }
    if (watermark === null || workOrder.updatedAt > watermark) watermark = workOrder.updatedAt;
  }
  setProgress.run(page.nextCursor, watermark);
});

for (let cursor = null; ;) {
  const next = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const answer = await fetch(`${url}${since}${next}`, {headers: {authorization: 'Bearer bench'}});
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const page = await answer.json();
  takePage(page);
  cursor = page.nextCursor;
  if (cursor === null) break;
}
store.close();

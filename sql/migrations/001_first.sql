-- The store, version 1.
--
-- Names. In the tables an instant is an INTEGER of milliseconds since 1970-01-01T00:00:00Z, and its column ends in _ms; so does
-- a length of time. In the views it is ISO 8601 text, and its column ends in _at. The key of a table is its id, or what it is
-- about; another table names it by that, with _id behind. An event has two: seq, its place in the log, by which other tables name
-- it (event_seq), and id, by which receivers know it.
--
-- Subjects. A subject is a kind and an id in one INTEGER, for a key of one INTEGER is the rowid: with two columns, a pass that
-- finds nothing new would pay for a kind that is always the same. Where it is not negative, it is the id of a work order. Other
-- kinds, of which there are none yet, have negative ones: subject >> 56 & 127 is the kind, 1 to 127; the low 56 bits are the id.
-- Snapshots have it as their id; events, documents, deliveries and whatever waits for a work order have it as their subject.
--
-- Growth. For ever grow: snapshots and documents, a row each for every subject that was ever seen (its JSON, and some 60 bytes);
-- emitted_ids, some 30 bytes for every event that was ever removed; users, teams, handlers, subscriptions, lateness, delays and
-- counters, which are few. For `keep` (90 days) grow: events and delivery_history, runs, webhook_inbox, webhook_gaps,
-- status_steps, tombstones, quarantine without a subject. Until someone looks after them: deliveries that are dead, with their
-- events; those of a handler that is gone; quarantine. Until they are done, which a fault can delay: deliveries, refetches,
-- deletion_candidates, released_events. While a sweep lasts: sweep_seen. All else has one row, or one for each of a fixed list.
--
-- Snapshots are in two tables: what the diff needs of each work order is narrow and stays in memory, the JSON text lies apart in
-- the order in which it first came.

-- Whose work orders these are, and how far polling has come. One row.
CREATE TABLE account (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    base_url     TEXT NOT NULL,
    organization TEXT NOT NULL,              -- x-organization-id, '' without one
    horizon_ms   INTEGER NOT NULL,           -- facts older than this make no events
    watermark_ms INTEGER,                    -- largest updatedAt observed by a finished pass
    started_ms   INTEGER,                    -- S: when the last finished pass began, by the server's clock or ours
    observed_ms  INTEGER,                    -- the same instant by our clock
    finished_ms  INTEGER,                    -- when it ended, by our clock
    filter       TEXT                        -- the spelling of the filter that the server honours
) STRICT;

-- What the server was seen to do with the ways to ask for changes, each noted as soon as it is known. An answer holds for a
-- day.
CREATE TABLE filter_probes (
    base_url     TEXT NOT NULL,
    organization TEXT NOT NULL,
    probe        TEXT NOT NULL,              -- updatedAt[gte], updatedAtGte, sort=updatedAt, sort=-updatedAt
    answer       TEXT NOT NULL CHECK (answer IN ('honoured', 'ignored', 'refused', 'unclear')),
    asked_ms     INTEGER NOT NULL,
    PRIMARY KEY (base_url, organization, probe)
) STRICT, WITHOUT ROWID;

-- One reading of the list per kind, and where it stands.
CREATE TABLE passes (
    kind            TEXT PRIMARY KEY,        -- sync, backfill, reconcile
    active          INTEGER NOT NULL,        -- 1 while unfinished
    since_ms        INTEGER,                 -- the bound it asks for; NULL reads everything
    filter          TEXT NOT NULL,
    cursor          TEXT,                    -- of the next page; NULL before the first
    started_ms      INTEGER,                 -- as account.started_ms, for this pass
    observed_ms     INTEGER,
    newest_ms       INTEGER,                 -- largest updatedAt seen in it
    oldest_seen_ms  INTEGER,                 -- smallest so far, for filter = sort
    pages           INTEGER NOT NULL,
    records         INTEGER NOT NULL,
    window_from_ms  INTEGER NOT NULL,        -- of a backfill: the window of the events' own dates
    window_until_ms INTEGER NOT NULL,
    silent          INTEGER NOT NULL,        -- 1: it stores what it reads and emits nothing
    typed           TEXT,                    -- the window as it was typed
    finished_ms     INTEGER,                 -- when the last one of this kind ended, by our clock
    detour_from_ms  INTEGER,                 -- reading around a place that fails (core/detour.h); NULL: it is not needed
    detour_until_ms INTEGER,
    detour_bad_ms   INTEGER
) STRICT, WITHOUT ROWID;

-- When a poll last looked back so far (late_windows of [sync]).
CREATE TABLE late_windows (
    lookback_ms INTEGER PRIMARY KEY,         -- milliseconds
    polled_ms   INTEGER NOT NULL             -- when the poll began, by our clock
) STRICT;

-- Passes whose page failed in the last run that asked for it.
CREATE TABLE page_failures (
    kind     TEXT PRIMARY KEY,               -- as in passes
    since_ms INTEGER NOT NULL,
    runs     INTEGER NOT NULL                -- in which it failed
) STRICT, WITHOUT ROWID;

-- Instants of updatedAt whose work orders the list cannot show: every page with them fails. Passes read around them, and they
-- are asked for again when they are due.
CREATE TABLE skipped_instants (
    updated_ms INTEGER PRIMARY KEY,
    since_ms   INTEGER NOT NULL,             -- when it was first skipped
    attempts   INTEGER NOT NULL,             -- since then
    due_ms     INTEGER NOT NULL,
    error      TEXT NOT NULL                 -- what the last one met
) STRICT;

-- The server's rate limit as it stood at the last answer of any run.
CREATE TABLE rate_limit (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    requests  INTEGER NOT NULL,              -- in one window
    remaining INTEGER NOT NULL,
    reset_ms  INTEGER NOT NULL,              -- when the window starts anew, by our clock
    seen_ms   INTEGER NOT NULL,              -- when the server said so
    length_ms INTEGER NOT NULL,              -- of a window, as far as was seen
    slack_ms  INTEGER NOT NULL               -- how much longer its windows last than it says
) STRICT;

CREATE TABLE documents (
    id      INTEGER PRIMARY KEY,             -- in the order in which the work orders first came
    subject INTEGER NOT NULL,
    json    TEXT NOT NULL                    -- the record's bytes as they came, or merged with a webhook's
) STRICT;

CREATE TABLE snapshots (
    id          INTEGER PRIMARY KEY,         -- the subject
    updated_ms  INTEGER NOT NULL,
    fingerprint BLOB,                        -- of the record's bytes; NULL when it is not as the list gave it
    document_id INTEGER NOT NULL,
    observed_ms INTEGER NOT NULL,            -- when this version was first seen
    deleted     INTEGER NOT NULL,            -- 1 while it is emitted as deleted
    deletions   INTEGER NOT NULL,
    deleted_ms  INTEGER,                     -- when it was deleted: what is not newer brings nothing back
    status      TEXT,                        -- up to which status changes were emitted; NULL: the document's own
    status_ms   INTEGER,                     -- when it got that status, at the latest; NULL: updated
    doubted_ms  INTEGER                      -- an older updatedAt that was seen, and that the single work order refuted
) STRICT;

CREATE INDEX snapshots_unlisted ON snapshots (updated_ms) WHERE fingerprint IS NULL; -- the list has not shown this version yet

-- Status changes that notifications name, until they are emitted or known to be part of what was.
CREATE TABLE status_steps (
    subject     INTEGER NOT NULL,
    occurred_ms INTEGER NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    actor_id    INTEGER NOT NULL,            -- the id of the user who did it; 0: not known
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, occurred_ms, from_status, to_status)
) STRICT, WITHOUT ROWID;

-- Work orders that are to be asked for by their ids.
CREATE TABLE refetches (
    subject      INTEGER PRIMARY KEY,
    reason       TEXT NOT NULL,              -- notified; settle: the rest of its steps did not come; doubt: an older state was seen
    requested_ms INTEGER NOT NULL,           -- since when it waits
    occurred_ms  INTEGER,                    -- of the newest notification: what the list shows of a later date makes it needless
    gone_ms      INTEGER,                    -- when it was deleted, as a notification says
    gone_by      INTEGER NOT NULL DEFAULT 0, -- the id of the user who did it; 0: not known
    doubted_ms   INTEGER,                    -- the older updatedAt that was seen
    attempts     INTEGER NOT NULL DEFAULT 0, -- that failed
    due_ms       INTEGER NOT NULL,
    error        TEXT
) STRICT;
CREATE INDEX refetches_due ON refetches (due_ms);

-- Work orders that were deleted before anything else was known of them, so that late news does not create them.
CREATE TABLE tombstones (
    subject    INTEGER PRIMARY KEY,
    deleted_ms INTEGER NOT NULL
) STRICT;

-- The event log (the outbox): in the order in which the events were stored, the id once and for ever.
CREATE TABLE events (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    type        TEXT NOT NULL,
    subject     INTEGER NOT NULL,
    occurred_ms INTEGER NOT NULL,
    observed_ms INTEGER NOT NULL,
    body        TEXT NOT NULL                -- frozen: every try sends these bytes
) STRICT;

-- What happened at an instant or later was seen then or later: by this the end of the log is found. Nearly every event comes last
-- in it, so that it costs little; an index of occurred_ms alone would be written to all over by a backfill.
CREATE INDEX events_by_time ON events (max(occurred_ms, observed_ms));

-- Ids of events that retention has removed: what was emitted once is not emitted again after ninety days.
CREATE TABLE emitted_ids (
    hash BLOB PRIMARY KEY                    -- of the id: SHA-256, its first 16 bytes
) STRICT, WITHOUT ROWID;

-- How far retention has come in the event log: up to here every event was removed or, because a handler wanted it, left.
CREATE TABLE retention (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    event_seq INTEGER NOT NULL
) STRICT;
INSERT INTO retention (id, event_seq) VALUES (1, 0);

-- The handler table as the runs have seen it.
CREATE TABLE handlers (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    type             TEXT NOT NULL,
    position         INTEGER NOT NULL,       -- the last event it has taken or passed over
    added_ms         INTEGER NOT NULL,
    removed_ms       INTEGER,                -- when it was first missing from the configuration
    loaded           INTEGER,                -- where it is given all snapshots: the last document it has
    skipped          INTEGER NOT NULL DEFAULT 0, -- events its `when` passed over
    delivered        INTEGER NOT NULL DEFAULT 0,
    last_success_ms  INTEGER,
    last_failure_ms  INTEGER,
    last_error       TEXT,
    failing_since_ms INTEGER,                -- the first failure after the last success; NULL: it is well
    failures         INTEGER NOT NULL DEFAULT 0, -- since then
    warned_ms        INTEGER                 -- when it was last reported that it fails, or that it is gone
) STRICT;

-- What each handler takes, and since when: an event behind behind_seq that it wants has a delivery, one
-- before may have been passed over under other terms. An audit goes by it.
CREATE TABLE handler_terms (
    handler_id INTEGER PRIMARY KEY REFERENCES handlers,
    terms      BLOB NOT NULL,                -- fingerprint of its on and when
    behind_seq INTEGER NOT NULL
) STRICT;

CREATE TRIGGER forget_terms AFTER DELETE ON handlers BEGIN
    DELETE FROM handler_terms WHERE handler_id = OLD.id;
END;

-- What is to be delivered, and what cannot be: the queue of each handler. The key is the order in which it is read, so that dead
-- deliveries lie apart and a long history costs nothing.
CREATE TABLE deliveries (
    handler_id      INTEGER NOT NULL REFERENCES handlers,
    -- no IN: for each row SQLite would make a table of its members
    state           TEXT NOT NULL CHECK (state = 'pending' OR state = 'dead'),
    event_seq       INTEGER NOT NULL REFERENCES events,
    subject         INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0, -- that failed
    first_failed_ms INTEGER,                 -- when the first of them did
    due_ms          INTEGER NOT NULL,        -- not before this; 0: it has not failed (due at once), or it is dead
    changed_ms      INTEGER NOT NULL,        -- when its state was last written
    error           TEXT,
    PRIMARY KEY (handler_id, state, event_seq),
    UNIQUE (event_seq, handler_id)
) STRICT, WITHOUT ROWID;
-- Only what has failed holds others back.
CREATE INDEX deliveries_failed ON deliveries (handler_id, subject, event_seq) WHERE due_ms > 0;

-- Deliveries that have left the queue, for as long as their events are kept.
CREATE TABLE delivery_history (
    event_seq  INTEGER NOT NULL REFERENCES events ON DELETE CASCADE,
    handler_id INTEGER NOT NULL REFERENCES handlers,
    state      TEXT NOT NULL CHECK (state = 'done' OR state = 'discarded'),
    attempts   INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,             -- when it was done or discarded
    error      TEXT,                         -- why it had failed when it was discarded
    PRIMARY KEY (event_seq, handler_id)
) STRICT, WITHOUT ROWID;

-- Events that retention left and that a delivery has let go since.
CREATE TABLE released_events (
    event_seq INTEGER PRIMARY KEY REFERENCES events ON DELETE CASCADE
) STRICT;

CREATE TRIGGER release_event AFTER DELETE ON deliveries WHEN OLD.event_seq <= (SELECT event_seq FROM retention) BEGIN
    INSERT OR IGNORE INTO released_events (event_seq) VALUES (OLD.event_seq);
END;

-- Work orders that a sweep has seen, while it lasts; and those that one did not see: two answers of 404 prove that they are
-- deleted.
CREATE TABLE sweep_seen (
    id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE deletion_candidates (
    id         INTEGER PRIMARY KEY,
    sweeps     INTEGER NOT NULL,             -- how many in a row did not see it
    refused_ms INTEGER,                      -- when it answered 404 for the first time
    refused_in INTEGER,                      -- how many sweeps had missed it then
    attempts   INTEGER NOT NULL DEFAULT 0,   -- answers in a row that said neither that it is there nor that it is gone
    due_ms     INTEGER NOT NULL DEFAULT 0    -- not to be asked for before this
) STRICT;

-- How late changes were seen: observed - updatedAt, counted in steps of 1, 2, 5, 10, ...
CREATE TABLE lateness (
    channel    TEXT NOT NULL,                -- poll, webhook
    up_to_ms   INTEGER NOT NULL,             -- milliseconds; the step's upper end
    count      INTEGER NOT NULL,
    largest_ms INTEGER NOT NULL,             -- in this step
    overdue_ms INTEGER NOT NULL,             -- the most that a change of this step was older than the pass that missed it
    noted_ms   INTEGER NOT NULL,             -- the day of the last one
    PRIMARY KEY (channel, up_to_ms)
) STRICT, WITHOUT ROWID;

-- Deliveries of webhooks that were verified. The body is kept as it came, but that of an event which is not about a work order.
CREATE TABLE webhook_inbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT NOT NULL UNIQUE,        -- what makes two of them one: the sender's event id, else a fingerprint of the body
    received_ms INTEGER NOT NULL,
    event       TEXT NOT NULL,               -- as it was sent; else as found out
    subject     INTEGER,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'given_up', 'unsupported', 'foreign')),
    body        BLOB
) STRICT;
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (subject) WHERE state = 'waiting';

-- The webhook channel as it stands. One row.
CREATE TABLE webhook_stats (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    api             TEXT,                    -- where the server takes registrations: subscriptions, webhooks; NULL: not known
    first_ms        INTEGER,                 -- when the first verified delivery came
    last_ms         INTEGER,
    last_good_ms    INTEGER,                 -- when a work order that a delivery names was last observed
    last_refused_ms INTEGER,                 -- when a delivery was last refused
    received        INTEGER NOT NULL DEFAULT 0, -- verified
    duplicate       INTEGER NOT NULL DEFAULT 0, -- of them, seen before
    refused         INTEGER NOT NULL DEFAULT 0, -- not verified, or of no use
    given_up        INTEGER NOT NULL DEFAULT 0, -- work orders that could not be asked for within a day
    polled          INTEGER NOT NULL DEFAULT 0 -- changes that a poll emitted before any webhook
) STRICT;
INSERT INTO webhook_stats (id) VALUES (1);

-- What we registered for.
CREATE TABLE subscriptions (
    id            TEXT PRIMARY KEY,          -- as the server gave it
    events        TEXT NOT NULL,             -- as the server names them, separated by spaces
    url           TEXT NOT NULL,
    secret        TEXT,                      -- that its deliveries are signed with
    status        TEXT NOT NULL,             -- as the server says, GONE once it no longer has it
    registered_ms INTEGER NOT NULL,
    checked_ms    INTEGER NOT NULL           -- when the server was last asked
) STRICT, WITHOUT ROWID;

-- Changes that polling found while webhooks were in use, and that no webhook has named yet.
CREATE TABLE webhook_gaps (
    subject    INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    found_ms   INTEGER NOT NULL,
    PRIMARY KEY (subject, updated_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_gaps_found ON webhook_gaps (found_ms);

-- Records that could not be understood, raw: a row for each record and reason, however often its bytes change.
CREATE TABLE quarantine (
    id          INTEGER PRIMARY KEY,
    identity    BLOB NOT NULL,               -- fingerprint of the record's id as it is spelled, else of the record
    fingerprint BLOB NOT NULL,               -- of the whole record, as it was seen last
    subject     INTEGER,                     -- where an id could be made out
    source      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    raw         BLOB NOT NULL,               -- at most the first 64 KiB
    seen_ms     INTEGER NOT NULL,            -- when these bytes were seen first
    UNIQUE (identity, reason)
) STRICT;

CREATE INDEX quarantine_subject ON quarantine (subject);

CREATE TABLE runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    kind           TEXT NOT NULL,
    began_ms       INTEGER NOT NULL,
    ended_ms       INTEGER,                  -- NULL: it was killed, or is still at work
    since_ms       INTEGER,                  -- the bound it asked for; NULL: everything
    until_ms       INTEGER,                  -- of a backfill: the end of its window
    requests       INTEGER NOT NULL DEFAULT 0,
    pages          INTEGER NOT NULL DEFAULT 0,
    bytes          INTEGER NOT NULL DEFAULT 0,
    records        INTEGER NOT NULL DEFAULT 0,
    quarantined    INTEGER NOT NULL DEFAULT 0,
    healed         INTEGER NOT NULL DEFAULT 0, -- changes that polling should have emitted and a sweep found
    created        INTEGER NOT NULL DEFAULT 0,
    status_changed INTEGER NOT NULL DEFAULT 0,
    completed      INTEGER NOT NULL DEFAULT 0,
    updated        INTEGER NOT NULL DEFAULT 0,
    deleted        INTEGER NOT NULL DEFAULT 0,
    delivered      INTEGER NOT NULL DEFAULT 0,
    dead           INTEGER NOT NULL DEFAULT 0, -- deliveries that became dead in it
    exit_status    INTEGER,
    message        TEXT
) STRICT;

-- What the metrics count: it never falls, whatever retention removes. Triggers count in the transaction that does the work.
CREATE TABLE counters (
    name   TEXT NOT NULL,                    -- events, events_removed, records, runs, requests, failed, dead, ...
    first  TEXT NOT NULL,                    -- event type; kind of run; HTTP status; handler
    second TEXT NOT NULL DEFAULT '',         -- exit status
    value  INTEGER NOT NULL,
    PRIMARY KEY (name, first, second)
) STRICT, WITHOUT ROWID;

-- The last run of each kind that ended, and the last one that ended well.
CREATE TABLE last_runs (
    kind        TEXT PRIMARY KEY,
    began_ms    INTEGER NOT NULL,
    ended_ms    INTEGER NOT NULL,
    exit_status INTEGER NOT NULL,
    success_ms  INTEGER                      -- when one last ended with 0 or 65; NULL: none has
) STRICT, WITHOUT ROWID;

-- How long things took, counted by the smallest step that is not below.
CREATE TABLE delays (
    what     TEXT NOT NULL,                  -- visible: from the change to our seeing it; delivered: to its delivery
    label    TEXT NOT NULL,                  -- channel; handler
    up_to_ms INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    total_ms INTEGER NOT NULL,
    PRIMARY KEY (what, label, up_to_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE delay_steps (
    up_to_ms INTEGER PRIMARY KEY
) STRICT;
INSERT INTO delay_steps (up_to_ms) VALUES (1000), (5000), (15000), (30000), (60000), (120000), (300000), (600000), (1800000),
    (3600000), (21600000), (86400000), (9223372036854775807);

-- How many work orders have each status, as they were last counted.
CREATE TABLE status_counts (
    status TEXT PRIMARY KEY,
    count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE status_counted (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    counted_ms  INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL,
    event_seq   INTEGER NOT NULL,            -- what was in the store then: the last event, the last document
    document_id INTEGER NOT NULL
) STRICT;

CREATE TRIGGER count_event AFTER INSERT ON events BEGIN
    INSERT INTO counters (name, first, value) VALUES ('events', NEW.type, 1) ON CONFLICT DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER count_removed_event AFTER DELETE ON events BEGIN
    INSERT INTO counters (name, first, value) VALUES ('events_removed', OLD.type, 1) ON CONFLICT DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER count_records AFTER UPDATE OF records ON runs WHEN NEW.records > OLD.records BEGIN
    INSERT INTO counters (name, first, value) VALUES ('records', NEW.kind, NEW.records - OLD.records)
    ON CONFLICT DO UPDATE SET value = value + excluded.value;
END;

CREATE TRIGGER count_run AFTER UPDATE OF exit_status ON runs WHEN OLD.exit_status IS NULL AND NEW.exit_status IS NOT NULL BEGIN
    INSERT INTO counters (name, first, second, value) VALUES ('runs', NEW.kind, NEW.exit_status, 1)
    ON CONFLICT DO UPDATE SET value = value + 1;
    INSERT INTO last_runs (kind, began_ms, ended_ms, exit_status, success_ms)
    VALUES (NEW.kind, NEW.began_ms, NEW.ended_ms, NEW.exit_status, iif(NEW.exit_status IN (0, 65), NEW.ended_ms, NULL))
    ON CONFLICT DO UPDATE SET began_ms = excluded.began_ms, ended_ms = excluded.ended_ms, exit_status = excluded.exit_status,
        success_ms = coalesce(excluded.success_ms, success_ms);
END;

-- Attempts that go well are in handlers.delivered.
CREATE TRIGGER count_delivered AFTER INSERT ON delivery_history WHEN NEW.state = 'done' BEGIN
    INSERT INTO delays (what, label, up_to_ms, count, total_ms)
    SELECT 'delivered', NEW.handler_id,
        (SELECT min(up_to_ms) FROM delay_steps WHERE up_to_ms >= NEW.changed_ms - e.occurred_ms), 1,
        max(0, NEW.changed_ms - e.occurred_ms)
    FROM events e WHERE e.seq = NEW.event_seq
    ON CONFLICT DO UPDATE SET count = count + 1, total_ms = total_ms + excluded.total_ms;
END;

CREATE TRIGGER count_failed AFTER UPDATE OF attempts ON deliveries WHEN NEW.attempts > OLD.attempts BEGIN
    INSERT INTO counters (name, first, value) VALUES ('failed', NEW.handler_id, 1) ON CONFLICT DO UPDATE SET value = value + 1;
    INSERT INTO counters (name, first, value) SELECT 'dead', NEW.handler_id, 1 WHERE NEW.state = 'dead'
    ON CONFLICT DO UPDATE SET value = value + 1;
END;

CREATE TRIGGER count_discarded AFTER INSERT ON delivery_history WHEN NEW.state = 'discarded' BEGIN
    INSERT INTO counters (name, first, value) VALUES ('discarded', NEW.handler_id, 1) ON CONFLICT DO UPDATE SET value = value + 1;
END;

-- Who the ids of users and teams belong to. Who is no longer listed keeps the name: earlier work orders mention it.
CREATE TABLE users (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    email      TEXT,
    seen_ms    INTEGER NOT NULL,             -- when the list held it last
    removed_ms INTEGER                       -- when the list first lacked it; NULL while it is listed
) STRICT;

CREATE TABLE teams (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    seen_ms    INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

-- How reading those two lists went.
CREATE TABLE people_lists (
    list       TEXT PRIMARY KEY,             -- users, teams
    read_ms    INTEGER,                      -- when it was last read to its end
    tried_ms   INTEGER NOT NULL,             -- when it was last asked for
    failing_ms INTEGER,                      -- since when every try fails; NULL: the last one went well
    refused    INTEGER NOT NULL,             -- 1: the token may not read it
    reported   INTEGER NOT NULL,             -- 1: a warning was printed since it fails
    error      TEXT                          -- why the last try failed
) STRICT, WITHOUT ROWID;

-- For people and for SQL tools.
CREATE VIEW work_orders AS
SELECT s.id,
       d.json ->> '$.title' AS title,
       d.json ->> '$.status' AS status,
       d.json ->> '$.priority' AS priority,
       d.json ->> '$.createdAt' AS created_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.updated_ms / 1000.0, 'unixepoch') AS updated_at,
       d.json ->> '$.completedAt' AS completed_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.observed_ms / 1000.0, 'unixepoch') AS observed_at,
       s.deleted,
       d.json AS json
FROM snapshots s JOIN documents d ON d.id = s.document_id
WHERE s.id >= 0;

CREATE VIEW event_log AS
SELECT seq, id, type, iif(subject >= 0, subject, NULL) AS work_order,
       strftime('%Y-%m-%dT%H:%M:%fZ', occurred_ms / 1000.0, 'unixepoch') AS occurred_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', observed_ms / 1000.0, 'unixepoch') AS observed_at,
       body
FROM events;

CREATE VIEW delivery_log AS
SELECT e.seq, h.name AS handler, e.id AS event, d.state, d.attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', nullif(d.due_ms, 0) / 1000.0, 'unixepoch') AS due_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', d.changed_ms / 1000.0, 'unixepoch') AS changed_at,
       d.error
FROM (SELECT handler_id, event_seq, state, attempts, due_ms, changed_ms, error FROM deliveries
      UNION ALL
      SELECT handler_id, event_seq, state, attempts, NULL, changed_ms, error FROM delivery_history) d
JOIN handlers h ON h.id = d.handler_id JOIN events e ON e.seq = d.event_seq;

CREATE VIEW skipped_log AS
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', updated_ms / 1000.0, 'unixepoch') AS updated_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', since_ms / 1000.0, 'unixepoch') AS since_at,
       attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', due_ms / 1000.0, 'unixepoch') AS due_at,
       error
FROM skipped_instants;

CREATE VIEW run_log AS
SELECT id, kind,
       strftime('%Y-%m-%dT%H:%M:%fZ', began_ms / 1000.0, 'unixepoch') AS began_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') AS ended_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', since_ms / 1000.0, 'unixepoch') AS since_at,
       requests, pages, bytes, records, quarantined, healed, created, status_changed, completed, updated, deleted,
       delivered, dead,
       exit_status, message
FROM runs;

CREATE VIEW inbox_log AS
SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', received_ms / 1000.0, 'unixepoch') AS received_at, event,
       iif(subject >= 0, subject, NULL) AS work_order, state, key,
       CAST(body AS TEXT) AS body
FROM webhook_inbox;

"""Records that cannot be understood go to quarantine, alone, and the pass goes on."""
import json

from harness import Case, DATA, DONE, ago

BAD = {
    # name: (the record, its reason)
    "no_id": ('{"title": "x", "status": "OPEN", "updatedAt": "%(now)s"}', "it has no id"),
    "id_null": ('{"id": null, "status": "OPEN", "updatedAt": "%(now)s"}', "it has no id"),
    "id_text": ('{"id": "700", "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive integer"),
    "id_fraction": ('{"id": 700.5, "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive integer"),
    "id_zero": ('{"id": 0, "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive integer"),
    "id_negative": ('{"id": -7, "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive integer"),
    "id_2_to_the_63": ('{"id": 9223372036854775808, "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive"),
    "id_absurd": ('{"id": 99999999999999999999999, "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive"),
    "id_a_list": ('{"id": [700], "status": "OPEN", "updatedAt": "%(now)s"}', "its id is not a positive integer"),
    "no_updatedAt": ('{"id": 700, "status": "OPEN"}', "it has no updatedAt"),
    "updatedAt_null": ('{"id": 700, "status": "OPEN", "updatedAt": null}', "it has no updatedAt"),
    "updatedAt_a_number": ('{"id": 700, "status": "OPEN", "updatedAt": 1790000000}', "its updatedAt is not a date"),
    "updatedAt_text": ('{"id": 700, "status": "OPEN", "updatedAt": "yesterday"}', "its updatedAt is not a date"),
    "updatedAt_no_day": ('{"id": 700, "status": "OPEN", "updatedAt": "2026-02-30T10:00:00.000Z"}', "its updatedAt is not a date"),
    "updatedAt_without_time": ('{"id": 700, "status": "OPEN", "updatedAt": "2026-02-03"}', "its updatedAt is not a date"),
    "createdAt_bad": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "createdAt": {}}', "its createdAt is not a date"),
    "completedAt_bad": ('{"id": 700, "status": "DONE", "updatedAt": "%(now)s", "completedAt": "?"}', "its completedAt is not a"),
    "deletedAt_bad": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "deletedAt": 1}', "its deletedAt is not a date"),
    "no_status": ('{"id": 700, "updatedAt": "%(now)s"}', "its status is missing or no short text"),
    "status_a_number": ('{"id": 700, "status": 3, "updatedAt": "%(now)s"}', "its status is missing or no short text"),
    "status_empty": ('{"id": 700, "status": "", "updatedAt": "%(now)s"}', "its status is missing or no short text"),
    "status_long": ('{"id": 700, "status": "' + "X" * 200 + '", "updatedAt": "%(now)s"}', "its status is missing or no"),
    "a_control_character": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "title": "a\tb"}',
                            "it holds a control character"),
    "NaN": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "x": NaN}', "it holds NaN or Infinity"),
    "minus_Infinity": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "x": [-Infinity]}', "it holds NaN or Infinity"),
    "nested_33_deep": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "x": ' + "[" * 32 + "]" * 32 + "}",
                       "it is nested deeper than 32 levels"),
    "title_a_number": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "title": 7}', "its title is not a text"),
    "null": ("null", "it is not a JSON object"),
    "a_number": ("12", "it is not a JSON object"),
    "a_text": ('"work order"', "it is not a JSON object"),
    "a_list": ('[{"id": 700}]', "it is not a JSON object"),
    "nested_40_deep": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "x": ' + "[" * 40 + "]" * 40 + "}",
                       "it is nested deeper than 32 levels"),
    "two_megabytes": ('{"id": 700, "status": "OPEN", "updatedAt": "%(now)s", "description": "' + "x" * (2 << 20) + '"}',
                      "it is larger than 1 MiB"),
}


class Bad(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(4)
        self.sync_silently()

    def story(self, raw, reason):
        raw = raw.replace("%(now)s", ago(0))
        before = self.status()["watermark"]
        self.mock.create({"title": "Carrier", "_raw": raw})
        good = self.mock.update(self.olds[3], status="DONE")
        made = self.mock.create({"title": "Behind the bad one"})[0]["id"]
        run = self.sync(expect=DATA)
        lines = run.err.splitlines()
        self.assertEqual(len(lines), 1, run)
        self.assertRegex(lines[0], r"^wosync: warning: work order .*: %s.*quarantine.*the pass continues" % reason)
        # the others were told, and the watermark moved
        ids = self.ids()
        self.assertIn("workorder.completed/%d/%s" % (self.olds[3], good), ids)
        self.assertIn("workorder.created/%d" % made, ids)
        status = self.status()
        self.assertGreater(status["watermark"], before)
        self.assertEqual(status["unfinished"], [])
        # it is kept, raw and with the reason
        kept = self.sql("SELECT raw, reason, size, source FROM quarantine")
        self.assertEqual(len(kept), 1)
        self.assertEqual(bytes(kept[0][0]), raw.encode()[:65536])
        self.assertIn(reason, kept[0][1])
        self.assertEqual(kept[0][2], len(raw.encode()))
        self.assertEqual(kept[0][3], "poll")
        self.assertEqual(status["quarantine"], 1)
        self.assertIn(reason, status["quarantined"][0]["reason"])
        self.assertIn(reason, self.wosync("status").out)
        self.assertEqual(status["runs"][0]["quarantined"], 1)
        self.assertEqual(status["runs"][0]["exitStatus"], DATA)
        # it is told once
        self.sync_silently()
        self.mock.update(self.olds[2], title="Changed")
        self.assertEqual(self.sync().err, "")
        self.assertEqual(self.status()["quarantine"], 1)


def add_records():
    for name, (raw, reason) in BAD.items():
        def test(self, raw=raw, reason=reason):
            self.story(raw, reason)
        setattr(Bad, "test_" + name, test)


add_records()


class Quarantine(Case):
    def setUp(self):
        super().setUp()
        self.olds = self.mock.create_old(4)
        self.sync_silently()

    def break_one(self, number, detail=""):
        self.mock.update(number, _raw='{"id": %d, "status": 12, "title": "%s", "updatedAt": "%s"}' % (
            number, detail, ago(0)), title="Broken")

    def test_the_message_names_the_work_order(self):
        self.break_one(self.olds[1])
        self.sync(expect=DATA, message=r"work order %d: its status" % self.olds[1])
        self.assertEqual(str(self.status()["quarantined"][0]["workOrder"]), str(self.olds[1]))

    def test_a_known_one_keeps_its_snapshot(self):
        before = self.snapshots()
        self.break_one(self.olds[1])
        self.sync(expect=DATA)
        self.assertEqual(self.snapshots(), before)
        self.assertEqual(self.ids(), [])

    def test_a_repaired_one_leaves_quarantine_and_is_told(self):
        self.break_one(self.olds[1])
        self.sync(expect=DATA)
        at = self.mock.update(self.olds[1], status="DONE")
        self.sync()
        self.assertEqual(self.status()["quarantine"], 0)
        self.assertNotIn("quarantine;", self.wosync("status").out)
        self.assertIn("workorder.completed/%d/%s" % (self.olds[1], at), self.ids())

    def test_one_that_is_again_what_it_was_leaves_quarantine(self):
        at = self.mock.update(self.olds[1], title="Broken", dueDate=ago(0))
        self.sync()
        self.mock.update(self.olds[1], _raw='{"id": %d, "status": 12, "updatedAt": "%s"}' % (self.olds[1], at),
                         _keep_updatedAt=True)
        self.sync(expect=DATA)
        self.mock.update(self.olds[1], _keep_updatedAt=True)  # byte for byte as before
        self.sync_silently()
        self.assertEqual(self.status()["quarantine"], 0)

    def test_the_same_fault_in_other_bytes_is_told_once(self):
        """A signed URL is another one in every answer: one row, one warning, and the newest bytes."""
        self.break_one(self.olds[1], "https://x/?signature=1")
        self.sync(expect=DATA)
        for n in range(2, 5):
            self.break_one(self.olds[1], "https://x/?signature=%d" % n)
            self.sync_silently()
        kept = self.sql("SELECT raw FROM quarantine")
        self.assertEqual(len(kept), 1)
        self.assertIn(b"signature=4", bytes(kept[0][0]))

    def test_the_same_one_without_an_id_is_told_once(self):
        """By the number that people see; two such records are two."""
        for n in range(1, 4):
            self.mock.fault("status", status=200, path="/v1/workorders", exact=True, body=json.dumps({"workOrders": [
                {"sequentialId": number, "status": "OPEN", "updatedAt": ago(0), "thumbnail": "https://x/?signature=%d" % n}
                for number in (41, 42)], "nextCursor": None}))
            run = self.sync(expect=DATA if n == 1 else DONE)
            self.assertEqual(run.err.count("it has no id"), 2 if n == 1 else 0, run)
        kept = self.sql("SELECT raw FROM quarantine ORDER BY raw")
        self.assertEqual(len(kept), 2)
        for row in kept:
            self.assertIn(b"signature=3", bytes(row[0]))

    def test_another_fault_of_the_same_one_is_told_again(self):
        self.break_one(self.olds[1])
        self.sync(expect=DATA)
        self.mock.update(self.olds[1], _raw='{"id": %d, "status": "OPEN", "updatedAt": 7}' % self.olds[1])
        self.sync(expect=DATA, message="its updatedAt is not a date")
        self.sync_silently()
        self.assertEqual(self.status()["quarantine"], 2)

    def test_many_bad_ones_do_not_hide_a_good_one(self):
        for i in range(60):
            self.mock.create({"_raw": '{"id": %d, "status": "OPEN"}' % (500 + i)})
        made = self.mock.create({"title": "Good"})[0]["id"]
        self.mock.config(max_limit=7)
        run = self.sync(expect=DATA)
        self.assertEqual(self.ids(), ["workorder.created/%d" % made])
        self.assertEqual(self.status()["quarantine"], 60)
        self.assertEqual(self.status()["runs"][0]["quarantined"], 60)
        self.assertEqual(len(run.err.splitlines()), 60)

    def test_a_page_of_bad_ones_only_is_a_page(self):
        self.mock.fault("wrong_types", variant="records")
        self.sync(expect=DATA)
        self.sync_silently()

    def test_invalid_utf8_goes_to_quarantine(self):
        """What RFC 3629 forbids, in a value and in a name: overlong, halves of a pair, beyond U+10FFFF, cut short."""
        number = 700
        for shape in (b'"title": "%s"', b'"%s": 1', b'"x": {"%s": null}'):
            for wrong in (b"\xff\xfe", b"\x80", b"\xc0\x80", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\xbd",
                          b"\xf4\x90\x80\x80", b"\xe2\x82"):
                number += 1
                raw = b'{"id": %d, "status": "OPEN", "updatedAt": "%s", %s}' % (number, ago(0).encode(), shape % wrong)
                body = b'{"fault": "status", "status": 200, "body": %s}' % json.dumps(
                    '{"workOrders": [RECORD], "nextCursor": null, "nextPageUrl": null}').encode().replace(
                        b"RECORD", raw.replace(b'"', b'\\"'))
                self.mock.ask("POST", "/mock/faults", body)
                self.sync(expect=DATA, message="work order %d: it holds bytes that are no UTF-8" % number)
                self.assertEqual(bytes(self.sql("SELECT raw FROM quarantine WHERE subject = ?", number)[0][0]), raw)
        self.wosync("status", "--json")

    def test_letters_beyond_ascii_at_every_change(self):
        """json-c 0.18 takes them for control characters (json-c #875)."""
        made = self.mock.create({"title": "K\u00fchlanlage pr\u00fcfen", "description": "\u6771 \U0001f600"})[0]["id"]
        self.assertEqual(self.sync().err, "")
        for title in ("K\u00fchlanlage", "\u0e1b\u0e31\u0e4a\u0e21", "\U0001f600"):
            self.mock.update(made, title=title)
            self.assertEqual(self.sync().err, "")
            self.assertEqual(self.snapshots()[made]["title"], title)

    def test_numbers_keep_their_digits(self):
        """In the snapshot, in the event, in its changes: what neither 64 bits nor a double hold."""
        spelled = "[18446744073709551616, 89014103211118510720, -9223372036854775809, 0.100000000000000000000000000001, " \
                  "1E400, -0, 1.10, 1e5]"
        before = None
        for number in ("18446744073709551615", "89014103211118510720", "89014103211118510721", "1E400", "1E401"):
            raw = '{"id": %d, "status": "OPEN", "title": "T", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "%s", ' \
                  '"extraFields": {"iccid": %s}, "all": %s}' % (self.olds[1], ago(0), number, spelled)
            self.mock.update(self.olds[1], _raw=raw)
            self.sync()
            stored = self.sql("SELECT CAST(json AS TEXT) FROM documents WHERE subject = ?", self.olds[1])[0][0]
            self.assertIn('"iccid": %s}' % number, stored)
            body = self.sql("SELECT body FROM events ORDER BY seq DESC LIMIT 1")[0][0]
            self.assertIn('"all":%s' % spelled.replace(" ", ""), body)
            if before is not None:
                self.assertIn('"extraFields":{"from":{"iccid":%s},"to":{"iccid":%s}}' % (before, number), body)
            before = number
        count = len(self.ids())
        self.mock.update(self.olds[1], _raw=raw.replace("1E401", "10E400"), _keep_updatedAt=True)
        self.sync_silently()
        self.assertEqual(len(self.ids()), count, "another spelling of a number is no change")

    def test_escapes_that_stand_for_no_character(self):
        """NUL, half of a surrogate pair: U+FFFD, wherever they are, and nothing behind them is lost."""
        made = self.mock.create({"_raw": '{"id": 701, "status": "OPEN", "updatedAt": "%s", "title": "a\\u0000b", '
                                         '"description": "cut \\ud83d", "x\\u0000y": 1}' % ago(0)})
        self.assertEqual(len(made), 1)
        self.sync()
        data = self.events()[-1]["data"]
        self.assertEqual((data["title"], data["description"], data["x\ufffdy"]), ("a\ufffdb", "cut \ufffd", 1))

    def test_what_is_odd_but_can_be_understood_is_taken(self):
        odd = ['{"id": 701, "status": "A_NEW_STATUS", "updatedAt": "%s"}',
               '{"id": 702, "status": "OPEN", "updatedAt": "%s", "title": null, "createdAt": null, "extra": {"a": [1, 2.5e3]}}',
               '{"status": "OPEN", "updatedAt": "%s", "title": "]}{[\\"\\\\", "id": 703}',
               ' {"updatedAt" : "%s" , "nested": {"id": 5}, "status":"OPEN","id":704 } ',
               '{"id": 9223372036854775807, "status": "OPEN", "updatedAt": "%s"}']
        for raw in odd:
            self.mock.create({"_raw": raw % ago(0)})
        self.sync()
        self.assertEqual(sorted(set(self.snapshots()) - set(self.olds)), [701, 702, 703, 704, 9223372036854775807])
        self.sync_silently()

    def test_control_characters_in_a_title_cannot_forge_lines(self):
        self.mock.create({"title": "one\nwosync: two\u001b[31m\u009b red\r"})
        run = self.sync()
        self.assertEqual(len(run.out.splitlines()), 1, run)
        self.assertNotRegex(run.out, "[\x00-\x09\x0b-\x1f\x7f]")

    def test_the_gravest_status_wins(self):
        self.mock.config(max_limit=2)
        self.mock.create({"_raw": '{"id": 700}'}, {}, {}, {})
        self.configure(api="give_up = 0s")
        self.mock.fault("status", status=500, skip=1)
        self.assertNotIn(self.sync(expect=None).status, (DONE, DATA))

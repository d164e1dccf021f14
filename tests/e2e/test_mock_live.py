"""The mock's answers, compared with what is known of MaintainX: fields, error texts, people, and what it does on command."""
import http.client
import json
import time
import urllib.parse

from harness import TOKEN, Case, iso

ALWAYS = {"id", "sequentialId", "title", "updatedAt", "status"}
OFTEN = {"createdAt", "completedAt", "completerId", "creatorId", "customerId", "assetId", "locationId", "organizationId",
         "requesterId", "dueDate", "startDate", "description", "priority", "type", "partStatus", "partsAvailability",
         "recurrenceInfo", "lastMessageSentAt", "vendorIds"}
EXPANDED = {"thumbnail": "thumbnail", "assignees": "assignees", "categories": "categories", "asset": "asset",
            "location": "location", "extra_fields": "extraFields"}
HEADERS = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset")


class Api(Case):
    def request(self, path, method="GET", body=None, token=TOKEN, **parameters):
        """(status, headers in lower case, body as text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.mock.port, timeout=30)
        query = "?" + urllib.parse.urlencode(parameters, doseq=True) if parameters else ""
        try:
            connection.request(method, "/v1" + path + query, body and json.dumps(body),
                               {"Authorization": "Bearer " + token} if token else {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def get(self, path, **parameters):
        status, _, text = self.request(path, **parameters)
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def list(self, **parameters):
        return self.get("/workorders", **dict({"limit": 200, "show_upcoming": "true"}, **parameters))["workOrders"]

    def listed(self, **parameters):
        return [w["id"] for w in self.list(**parameters)]

    def single(self, number):
        return self.get("/workorders/%d" % number)["workOrder"]

    def refused(self, text, path="/workorders", **parameters):
        status, headers, body = self.request(path, **parameters)
        self.assertEqual((status, json.loads(body)), (400, {"error": text}))
        self.assertIn("application/json", headers["content-type"])


class Answers(Api):
    mock_options = ("--work-orders", "200", "--now", "2026-06-01T00:00:00Z")

    def test_the_fields_of_the_list(self):
        works = self.list()
        self.assertEqual(len(works), 200)
        seen = set().union(*works)
        self.assertLessEqual(seen, ALWAYS | OFTEN)
        self.assertLessEqual({"customerId", "assetId", "locationId", "completerId", "partStatus"}, seen)
        for work in works:
            self.assertLessEqual(ALWAYS, set(work))
            self.assertNotIn(None, work.values())
        self.assertTrue(any("customerId" not in work for work in works))
        everything = self.list(expand=list(EXPANDED))
        self.assertEqual(set().union(*everything) - seen, set(EXPANDED.values()))
        for name, field in EXPANDED.items():
            self.assertEqual(set().union(*self.list(expand=[name])) - seen, {field})

    def test_a_null_of_a_change_is_left_out_of_the_list_alone(self):
        number = self.mock.create({"dueDate": None, "description": None})[0]["id"]
        listed = next(w for w in self.list(**{"updatedAt[gte]": "2026-06-02T00:00:00Z"}) if w["id"] == number)
        self.assertLessEqual(set(listed), ALWAYS | OFTEN)
        self.assertNotIn(None, listed.values())
        self.assertEqual(self.single(number)["dueDate"], None)

    def test_the_fields_of_a_single_one(self):
        single = self.single(100000)
        self.assertLessEqual({"id", "sequentialId", "assetId", "attachments", "categories", "createdAt", "creatorId",
                              "organizationId", "assigneeIds", "teamIds", "parentId", "estimatedTime"}, set(single))
        self.assertFalse({"assignees", "asset", "location", "extraFields"} & set(single))
        self.assertEqual(self.single(self.mock.create({})[0]["id"])["creatorId"], None)

    def test_what_is_refused_and_how(self):
        self.refused("'updatedAtGte' is not a valid query parameter", updatedAtGte="2026-01-01T00:00:00Z")
        self.refused("'page' is not a valid query parameter", page="2")
        self.refused("'since' is not a valid query parameter", path="/users", since="1")
        self.refused("'limit' is not a valid query parameter", path="/workorders/100000", limit="1")
        self.refused("'COMPLETED' is not a member of OPEN,IN_PROGRESS,ON_HOLD,DONE,CANCELED,SKIPPED", statuses="COMPLETED")
        self.refused("'URGENT' is not a member of NONE,LOW,MEDIUM,HIGH", priorities="URGENT")
        self.refused("'id' is not a member of updatedAt,createdAt,dueDate,startedAt,completedAt,"
                     "-updatedAt,-createdAt,-dueDate,-startedAt,-completedAt", sort="id")
        self.refused("'thumbnail' is not a member of assignees,asset,location,extra_fields,parts,times,time_items,"
                     "expenditures,part_extra_fields,asset_extra_fields,location_extra_fields,estimated_time",
                     path="/workorders/100000", expand="thumbnail")
        for path in ("/workorders", "/users", "/workorders/100000/comments"):
            for limit in ("250", "0", "x"):
                status, _, text = self.request(path, limit=limit)
                self.assertEqual(status, 400)
                error = json.loads(text)["errors"][0]
                self.assertEqual((error["fieldPath"], error["fieldValue"]), ("limit", limit))
        for parameters in ({"cursor": "nonsense"}, {"updatedAt[gte]": "yesterday"}):
            status, _, text = self.request("/workorders", **parameters)
            self.assertEqual((status, list(json.loads(text))), (400, ["error"]))
        status, _, text = self.request("/workorders/999999999")
        self.assertEqual((status, list(json.loads(text))), (404, ["error"]))

    def test_tokens(self):
        status, headers, text = self.request("/workorders", token=None)
        self.assertEqual((status, headers["content-type"], text), (401, "text/html", "Invalid authentication token"))
        status, headers, text = self.request("/workorders", token="wrong")
        self.assertEqual((status, text), (401, '{"error":"Invalid token"}'))
        self.assertIn("application/json", headers["content-type"])
        for name in HEADERS:
            self.assertRegex(headers[name], "^[0-9]+$")

    def test_an_organization_that_is_needed(self):
        self.mock.config(organization="77")
        status, _, text = self.request("/workorders")
        self.assertEqual((status, list(json.loads(text))), (400, ["error"]))

    def test_canceled_with_skipped_finds_nothing(self):
        found = {status: self.listed(statuses=[status]) for status in ("CANCELED", "SKIPPED", "DONE")}
        self.assertTrue(found["CANCELED"] and found["SKIPPED"])
        self.assertEqual(sorted(self.listed(statuses=["CANCELED", "DONE"])), sorted(found["CANCELED"] + found["DONE"]))
        self.assertEqual(self.get("/workorders", statuses=["CANCELED", "SKIPPED"]),
                         {"workOrders": [], "nextCursor": None, "nextPageUrl": None})

    def test_everybody_has_a_name(self):
        users = {user["id"]: user for user in self.get("/users")["users"]}
        teams = {team["id"]: team for team in self.get("/teams")["teams"]}
        places = {place["id"]: place for place in self.get("/locations")["locations"]}
        self.assertEqual(set(users[2041]), {"id", "firstName", "lastName", "email", "authType"})
        self.assertEqual((users[2041]["firstName"], users[2041]["lastName"]), ("Ann", "Lee"))
        self.assertEqual(set(teams[301]), {"id", "name"})
        self.assertEqual(set(places[601]), {"id", "name", "createdAt", "updatedAt", "organizationId"})
        self.assertIn("role", self.get("/users", expand="role")["users"][0])
        for work in self.list(expand=["assignees"]):
            for field in ("creatorId", "completerId", "requesterId"):
                self.assertIn(work.get(field, 2001), users)
            for one in work["assignees"]:
                self.assertIn(one["id"], users if one["type"] == "USER" else teams)
            self.assertIn(work["locationId"], places)

    def test_lists_have_pages(self):
        first = self.get("/users", limit=25)
        seen, answer = [], first
        while True:
            seen += [user["id"] for user in answer["users"]]
            if answer["nextCursor"] is None:
                break
            self.assertEqual(answer["nextPageUrl"], "%s/users?limit=25&cursor=%s" % (self.mock.url, answer["nextCursor"]))
            answer = self.get("/users", limit=25, cursor=answer["nextCursor"])
        self.assertEqual(seen, list(range(2001, 2061)))
        self.assertEqual(answer["nextPageUrl"], None)

    def test_records_on_command(self):
        self.mock.records(users=[{"id": 2041, "firstName": "Eva", "lastName": "May", "email": None},
                                 {"id": 7, "firstName": "Old", "lastName": "Hand"}],
                          remove={"users": [2001], "teams": list(range(301, 309))})
        users = self.get("/users")["users"]
        self.assertEqual(users[0], {"id": 7, "firstName": "Old", "lastName": "Hand"})
        self.assertEqual([user for user in users if user["id"] in (2001, 2041)],
                         [{"id": 2041, "firstName": "Eva", "lastName": "May"}])
        self.assertEqual(self.get("/teams"), {"teams": [], "nextCursor": None, "nextPageUrl": None})
        for wrong in ({"users": [{"name": "x"}]}, {"people": []}, {"remove": {"users": ["x"]}}):
            with self.assertRaises(RuntimeError):
                self.mock.records(**wrong)

    def test_comments(self):
        before = self.single(100003)
        self.mock.comment({"work_order": 100003, "content": "gasket ordered", "authorId": 2041,
                           "occurredAt": "2026-09-14T13:04:34.512Z"}, *({"work_order": 100003} for _ in range(3)))
        answer = self.get("/workorders/100003/comments", limit=3)
        self.assertEqual(answer["comments"][0], {"id": 40001, "authorId": 2041, "content": "gasket ordered",
                                                 "createdAt": "2026-09-14T13:04:34.512Z"})
        rest = self.get("/workorders/100003/comments", limit=3, cursor=answer["nextCursor"])
        self.assertEqual([[c["id"] for c in page["comments"]] for page in (answer, rest)], [[40001, 40002, 40003], [40004]])
        after = self.single(100003)
        self.assertEqual(after["updatedAt"], before["updatedAt"])
        self.assertGreater(after["lastMessageSentAt"], before["updatedAt"])
        self.assertEqual(self.get("/workorders/100004/comments")["comments"], [])
        self.assertEqual(self.request("/workorders/999999/comments")[0], 404)

    def test_compact_and_spaced(self):
        number = self.mock.create({"title": 'a, b: "c", \\"'})[0]["id"]
        paths = ("/workorders?updatedAt[gte]=2026-07-01T00:00:00Z", "/workorders/%d" % number, "/teams")
        compact = [self.request(path)[2] for path in paths]
        for text in compact:
            self.assertEqual(text, json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False))
        self.mock.config(json="spaced")
        for path, text in zip(paths, compact):
            spaced = self.request(path)[2]
            self.assertEqual(spaced, json.dumps(json.loads(spaced), ensure_ascii=False))
            self.assertEqual(json.loads(spaced), json.loads(text))

    def test_the_brief_in_one_word(self):
        self.mock.config(dialect="brief")
        numbers = self.listed(updatedAtGte="2026-05-01T00:00:00Z", anything="else")
        self.assertTrue(0 < len(numbers) < 200)
        self.assertEqual(len(self.listed(**{"updatedAt[gte]": "2026-05-01T00:00:00Z"})), 200)
        work = self.list()
        self.assertTrue(any("thumbnail" in w for w in work) and any(w["completedAt"] is None for w in work))
        hook = {"url": "http://127.0.0.1/", "events": ["workorder.created"]}
        self.assertEqual(self.request("/webhooks", "POST", hook)[0], 201)
        self.assertEqual(self.request("/subscriptions", "POST", hook)[0], 404)
        self.mock.config(dialect="live", thumbnails="always")
        self.assertEqual(self.request("/workorders", updatedAtGte="2026-05-01T00:00:00Z")[0], 400)
        self.assertTrue(any("thumbnail" in w for w in self.list()))
        self.assertEqual(self.request("/webhooks")[0], 404)
        with self.assertRaisesRegex(RuntimeError, "none of its choices"):
            self.mock.config(dialect="other")


class OnCommand(Api):
    def test_a_list_that_lags(self):
        old = self.mock.create_old(1)[0]
        since = {"updatedAt[gte]": iso(time.time() - 60)}
        new = self.mock.create({"title": "new", "_listed_in_ms": -1})[0]["id"]
        self.mock.update(old, title="changed", _listed_in_ms=-1)
        self.assertEqual(self.listed(), [old])
        self.assertEqual(self.list()[0]["title"], "Old 0")
        self.assertEqual(self.listed(**since), [])
        self.assertEqual([self.single(number)["title"] for number in (old, new)], ["changed", "new"])
        self.assertEqual(set(self.mock.truth()), {old, new})
        self.mock.change(release=[new])
        self.assertEqual(self.listed(**since), [new])
        self.mock.change(release=[old])
        self.assertEqual(self.listed(**since), [old, new])
        with self.assertRaisesRegex(RuntimeError, "nothing of work order"):
            self.mock.change(release=[old])

    def test_a_list_that_lags_for_a_while(self):
        self.mock.config(list_lag_ms=300)
        number = self.mock.create({})[0]["id"]
        self.assertEqual(self.single(number)["id"], number)
        self.wait_for(lambda: self.listed() == [number], "the list")
        self.mock.config(list_lag_ms=-1)
        self.mock.update(number, title="one")
        self.mock.update(number, title="two")
        self.assertEqual((self.single(number)["title"], self.list()[0]["title"]), ("two", "Untitled work order"))
        self.mock.change(release=[number])
        self.assertEqual(self.list()[0]["title"], "two")

    def test_what_lags_can_be_deleted_and_hidden(self):
        numbers = [made["id"] for made in self.mock.create(*({"_listed_in_ms": -1} for _ in range(2)))]
        self.mock.change(delete=[numbers[0]], hide=[numbers[1]])
        for number in numbers:
            self.assertEqual(self.request("/workorders/%d" % number)[0], 404)
        self.mock.change(unhide=[numbers[1]])
        self.assertEqual(self.listed(), [numbers[1]])

    def test_a_server_that_goes_back(self):
        number = self.mock.create({"title": "first"})[0]["id"]
        first = self.single(number)
        self.mock.update(number, title="second", status="DONE")
        self.mock.update(number, title="first", status="OPEN", completedAt=None, updatedAt=first["updatedAt"], _silent=True)
        self.assertEqual(self.single(number), first)
        self.assertEqual(self.list()[0]["updatedAt"], first["updatedAt"])

    def test_an_empty_list(self):
        self.mock.create({})
        self.mock.fault("empty_list", times=3)
        self.assertEqual(self.get("/workorders/100000")["workOrder"]["id"], 100000)  # no list
        for path, name in (("/workorders", "workOrders"), ("/users", "users"), ("/workorders/100000/comments", "comments")):
            self.assertEqual(self.get(path), {name: [], "nextCursor": None, "nextPageUrl": None})
        self.assertEqual(self.listed(), [100000])

    def test_without_headers_of_the_rate_limit(self):
        def has_them():
            headers = self.request("/workorders")[1]
            return {name in headers for name in HEADERS}
        self.mock.fault("no_rate_limit_headers")
        self.assertEqual([has_them(), has_them()], [{False}, {True}])
        self.mock.fault("429", rate_limit_headers=False)
        self.assertEqual([has_them(), has_them()], [{False}, {True}])
        self.mock.config(rate_limit={"headers": False, "requests": 1})
        self.assertEqual([has_them(), has_them()], [{False}] * 2)
        self.assertEqual(self.request("/workorders")[0], 429)

    def test_every_retry_after(self):
        for given in (17, "17", "Wed, 21 Oct 2026 07:28:00 GMT", 1792567680):
            for fault in ({"name": "429"}, {"name": "status", "status": 503}):
                self.mock.fault(retry_after=given, **fault)
                status, headers, _ = self.request("/workorders")
                self.assertEqual((status, headers["retry-after"]), (fault.get("status", 429), str(given)))

    def test_every_status_for_a_pattern_for_ever(self):
        number = self.mock.create({})[0]["id"]
        for status in (425, 507, 509, 520, 522, 524, 525, 530):
            self.mock.fault("status", status=status, path="/v1/workorders/*", times=-1)
            self.assertEqual([self.request("/workorders/%d" % number)[0] for _ in range(3)], [status] * 3)
            self.assertEqual(self.request("/workorders")[0], 200)
            self.mock.clear_faults()

    def test_a_page_that_fails_when_it_would_hold_a_work_order(self):
        numbers = [made["id"] for made in self.mock.create(*({} for _ in range(6)))]
        self.mock.fault("page_holds", work_order=numbers[3], status=524)
        first = self.get("/workorders", limit=2)
        self.assertEqual([w["id"] for w in first["workOrders"]], numbers[:2])
        for _ in range(2):
            self.assertEqual(self.request("/workorders", limit=2, cursor=first["nextCursor"])[0], 524)
        self.assertEqual(self.request("/workorders", limit=3, cursor=first["nextCursor"])[0], 524)
        self.assertEqual(len(self.get("/workorders", limit=1, cursor=first["nextCursor"])["workOrders"]), 1)
        self.assertEqual(self.single(numbers[3])["id"], numbers[3])
        self.mock.change(hide=[numbers[3]])
        self.assertEqual(self.listed(), numbers[:3] + numbers[4:])

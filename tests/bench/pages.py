"""The work orders of the benchmarks: pages of JSON in the vendor's shape, as files for a web server."""
import datetime
import json
import os
import random
import shutil
import time

PAGE = 200
FIRST_ID = 100000
MOST_AGE = 4 * 86400  # the second pass looks back 366 days: older pages are made anew

MACHINES = [("Palletizer", "Four-axis palletizer with layer gripper"), ("Extruder", "Single-screw extruder, 90 mm"),
            ("Overhead crane", "Double-girder crane, 12.5 t"), ("Press", "Hydraulic press, 400 t"),
            ("Conveyor", "Belt conveyor, 40 m, variable speed"), ("Boiler", "Steam boiler, 10 bar")]
TASKS = [("Grease", "Lubrication"), ("Replace filter of", "Preventive"), ("Inspect guards of", "Safety"),
         ("Change gearbox oil on", "Lubrication"), ("Restore PLC parameters on", "Automation")]
TEXTS = ["Drain warm, clean the magnet plug, fill ISO VG 220. Shift lead has to release the line.",
         "Count the shelf and correct the stock. Can wait for the weekend stop.",
         "Program lost after a power dip. Call \u201eInstandhaltung\u201c before the line is started again.",
         "Noise at 1,200 rpm, see the photo of last week.\nBring the long ladder and a second man."]
PLACES = ["Warehouse North", "Warehouse South", "Plant 2 - Machining", "Plant 1 - Packaging"]


def iso(seconds):
    ms = int(seconds * 1000)
    base = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return base.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def work_order(i, created, updated, rng):
    machine, text = rng.choice(MACHINES)
    task, category = rng.choice(TASKS)
    place, number, user = rng.randrange(len(PLACES)), rng.randrange(1, 15), 2000 + rng.randrange(60)
    status = rng.choices(["DONE", "OPEN", "IN_PROGRESS", "ON_HOLD"], [70, 15, 10, 5])[0]
    done = status == "DONE"
    return {
        "id": FIRST_ID + i, "sequentialId": i + 1, "title": "%s %s %d" % (task, machine.lower(), number),
        "description": rng.choice(TEXTS), "status": status, "priority": rng.choice(["NONE", "LOW", "MEDIUM", "HIGH"]),
        "type": "PREVENTIVE", "categories": [category], "createdAt": iso(created), "updatedAt": iso(updated),
        "completedAt": iso(updated) if done else None, "dueDate": iso(created + 172800),
        "startDate": iso(created + 18000), "deletedAt": None, "creatorId": user, "completerId": user if done else None,
        "requesterId": None, "assignees": [{"type": "USER", "id": user}],
        "asset": {"id": 5000 + number, "name": "%s %d" % (machine, number), "description": text, "parentId": None,
                  "criticalityId": 1, "locationId": 600 + place, "serialNumber": "SN-%08d" % rng.randrange(10 ** 8),
                  "createdAt": "2020-08-03T21:00:00.000Z", "updatedAt": "2021-03-07T18:00:00.000Z", "creatorId": 2001},
        "locationId": 600 + place, "location": {"id": 600 + place, "name": PLACES[place]},
        "extraFields": {"Line": "L%d" % (1 + number % 4), "Cost center": "41%02d" % number, "Condition": "Running"},
        "recurrenceInfo": None, "partsAvailability": "PARTS_AVAILABLE", "organizationId": 1001, "vendorIds": [],
        "workOrderSummary": None}


def write_page(directory, name, orders, cursor):
    page = '{"workOrders":[%s],"nextCursor":%s,"nextPageUrl":null}' % (
        ",".join(orders), "null" if cursor is None else '"%s"' % cursor)
    with open(os.path.join(directory, name + ".json"), "w", encoding="utf-8") as f:
        f.write(page)
    return len(page.encode())


def make(directory, count):
    """Makes `count` work orders in `directory`, unless young ones are there. Returns what is known of them."""
    known = os.path.join(directory, "known.json")
    if os.path.exists(known):
        with open(known, encoding="utf-8") as f:
            facts = json.load(f)
        if facts["count"] == count and time.time() - facts["made"] < MOST_AGE:
            return facts
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    rng = random.Random(count)
    now = int(time.time())
    begin, end = now - 350 * 86400, now - 21 * 86400
    facts = {"count": count, "made": now, "pages": (count + PAGE - 1) // PAGE, "bytes": 0, "records": 0,
             "ids": 0, "statuses": {}}
    orders, last = [], None
    for i in range(count):
        created = begin + (end - begin) * i / count
        order = work_order(i, created, created + rng.random() * 20 * 86400, rng)
        text = json.dumps(order, separators=(",", ":"), ensure_ascii=False)
        facts["records"] += len(text.encode())
        facts["ids"] += order["id"]
        facts["statuses"][order["status"]] = facts["statuses"].get(order["status"], 0) + 1
        if last is None or order["updatedAt"] > last[0]:
            last = (order["updatedAt"], text)
        orders.append(text)
        if len(orders) == PAGE or i == count - 1:
            number = i // PAGE + 1
            more = None if i == count - 1 else "p%d" % (number + 1)
            facts["bytes"] += write_page(directory, "p%d" % number, orders, more)
            orders = []
    facts["newest"] = last[0]
    write_page(directory, "newest", [last[1]], None)
    write_page(directory, "empty", [], None)
    with open(known, "w", encoding="utf-8") as f:
        json.dump(facts, f)
    return facts

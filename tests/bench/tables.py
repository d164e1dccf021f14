"""What the benchmarks print: medians, ratios, and what must hold."""
from statistics import median

import large
import parts

ORDER = ("wosync", "scan", "slice", "node", "python", "shell")
NAMES = {"wosync": "wosync", "scan": "floor: C, scans, two tables", "slice": "floor: C, json-c and slices, two tables",
         "node": "Node, fetch + better-sqlite3, two tables", "python": "Python, requests + sqlite3, two tables",
         "shell": "sh, curl, jq, sqlite3, two tables"}


class Figures:
    """What was measured, and how it compares."""

    def __init__(self, figures):
        self.figures = figures

    def median(self, what, who, key):
        found = [cost[key] for cost in self.figures.get((what, who), ())]
        return median(found) if found else None

    def ratio(self, ours, theirs, key):
        """The median of the ratios of each round; `ours` and `theirs` are (what, who)."""
        a, b = self.figures.get(ours), self.figures.get(theirs)
        return median(x[key] / y[key] for x, y in zip(a, b)) if a and b else None


def text(value, digits=2, scale=1):
    return "-" if value is None else "%.*f" % (digits, value * scale)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def show_contenders(f):
    rows = []
    for who in ORDER:
        if ("first", who) not in f.figures:
            continue
        poll = "bare" if who in ("scan", "slice") else who
        times = ["%s (%s)" % (text(f.median(what, who, "cpu")), text(f.ratio(("first", "wosync"), ("first", who), "cpu")
                 if what == "first" else f.ratio(("second", "wosync"), ("second", who), "cpu")))
                 for what in ("first", "second")]
        rows.append([NAMES[who], times[0], text(f.median("first", who, "wall")), times[1],
                     text(f.median("second", who, "wall")), text(f.median("poll", poll, "wall"), 1, 1e3),
                     text(f.median("first", who, "rss"), 1, 1 / 1024), text(f.median("first", who, "written"), 0, 1e-6),
                     text(f.median("second", who, "written"), 2, 1e-6), text(f.median("size", who, "bytes"), 0, 1e-6)])
    print(table(["same work by", "first pass, CPU s (wosync's ratio to it)", "wall s", "second pass, CPU s (ratio)", "wall s",
                 "idle poll, ms", "peak RSS, MiB", "written, MB: first", "second", "store, MB"], rows))


def requirements(f, facts):
    """(what, figure, must, aim)"""
    wosync = "wosync"
    pages = facts["pages"]
    written = f.median("second", wosync, "written")
    yield "first pass, CPU, to the slicing floor", f.ratio(("first", wosync), ("first", "slice"), "cpu"), 1.0, 0.6
    yield ("second pass, CPU, to json-c parsing alone", f.ratio(("second", wosync), ("parse", "json-c"), "cpu"), 0.5, 0.3)
    yield "second pass, SQLite pages written per page read", written and written / 8192 / pages, 1.0, None
    for key in ("wall", "cpu"):
        yield ("idle poll, http, %s, to the bare program that writes down that it polled" % key,
               f.ratio(("poll", wosync), ("poll", "writing"), key), None, None)
    for what, name in (("poll", "http"), ("poll tls", "https")):
        must, aim = (1.2, 1.05) if what == "poll" else (1.15, 0.4)
        for key in ("wall", "cpu"):
            yield "idle poll, %s, %s, to the bare program" % (name, key), f.ratio((what, wosync), (what, "bare"), key), must, aim
    yield "idle poll, peak RSS in MiB", f.median("poll", wosync, "rss") / 1024, 14.0, None
    yield "idle poll, peak RSS, to the bare program", f.ratio(("poll", wosync), ("poll", "bare"), "rss"), None, 1.05
    yield "peak RSS of the first pass, to that over a tenth", f.ratio(("first", wosync), ("tenth", wosync), "rss"), 1.05, 1.0
    yield "idle poll, CPU, to one on an empty store", f.ratio(("poll", wosync), ("poll empty", wosync), "cpu"), 1.1, 1.0
    yield "backfill with all events told, CPU, to the first pass", f.ratio(("backfill", wosync), ("first", wosync), "cpu"), 2.5, 2.0
    yield "10,000 deliveries, CPU, to a bare poster", f.ratio(("dispatch", wosync), ("dispatch", "poster"), "cpu"), None, None
    yield "10,000 deliveries, wall, to a bare poster", f.ratio(("dispatch", wosync), ("dispatch", "poster"), "wall"), 1.5, 1.2
    for key in ("wall", "cpu"):
        yield ("10,000 deliveries, %s, to a poster that signs, and remembers what it sent" % key,
               f.ratio(("dispatch", wosync), ("dispatch", "deliverer"), key), None, None)
    for what in parts.PROGRAMS:
        yield ("exec, a program %s, wall, to a loop that only runs it" % what,
               f.ratio(("program " + what, wosync), ("program " + what, "loop"), "wall"), 1.25, 1.0)
    yield "webhook taken, CPU, to a CGI program that commits one row", f.ratio(("receive", wosync), ("receive", "cgi"), "cpu"), 1.5, 1.2
    yield "store, to the JSON received", f.median("size", wosync, "bytes") / facts["records"], 1.35, 1.1
    yield "time that a backfill under a rate limit takes, to what is allowed", 1 / f.median("limited", wosync, "used"), 1.01, None
    yield "25 round trips of 200 ms, wall, to their sum", f.ratio(("far", wosync), ("far", "round trips"), "wall"), 1.05, None
    yield ("25 round trips of 200 ms, wall, to a client that only asks", f.ratio(("far", wosync), ("far", "asking"), "wall"),
           None, None)
    yield from large.requirements(f)


def show(figures, facts):
    """Prints the tables."""
    f = Figures(figures)
    print("%d work orders, %.0f bytes each, on %d pages; medians of %d rounds, %d idle polls\n" % (
        facts["count"], facts["records"] / facts["count"], facts["pages"], len(figures["first", "wosync"]),
        len(figures["poll", "wosync"])))
    show_contenders(f)
    print("\njson-c parsing the pages alone: %s CPU s; idle poll over https: %s ms, bare program %s ms\n" % (
        text(f.median("parse", "json-c", "cpu")), text(f.median("poll tls", "wosync", "wall"), 1, 1e3),
        text(f.median("poll tls", "bare", "wall"), 1, 1e3)))
    print(table(["measure", "figure", "must", "aim", ""], [
        [what, text(figure), "" if must is None else "<= %g" % must, "" if aim is None else "<= %g" % aim,
         "" if figure is None or must is None else "ok" if figure <= must else "MISSED"]
        for what, figure, must, aim in requirements(f, facts)]))

"""A real Chromium, without a window: screenshots, PDFs, and what a page would load."""
import json
import os
import shutil
import subprocess
import tempfile

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb",
           "--font-render-hinting=none"]
LIMIT = 120


def run(page, *options, dark=False):
    """Opens a file and does what the options say. Returns what Chromium printed on stdout."""
    profile = tempfile.mkdtemp(prefix="wosync-chromium-")
    scheme = ["--blink-settings=preferredColorScheme=%d" % (0 if dark else 1)]
    try:
        done = subprocess.run([CHROMIUM, *OPTIONS, *scheme, "--user-data-dir=" + profile, *options, "file://" + os.path.abspath(page)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT, check=True)
        return done.stdout.decode("utf-8", "replace")
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def shoot(page, picture, width, height, dark=False):
    """Writes a PNG of the first `height` pixels."""
    run(page, "--window-size=%d,%d" % (width, height), "--screenshot=" + os.path.abspath(picture), dark=dark)


def print_pdf(page, pdf):
    run(page, "--no-pdf-header-footer", "--print-to-pdf=" + os.path.abspath(pdf))


def requests_of(page):
    """The addresses that a page asked for, but for itself: from Chromium's own log of its network. What the browser asks for on its
    own account has no origin."""
    directory = tempfile.mkdtemp(prefix="wosync-netlog-")
    log = os.path.join(directory, "net.json")
    try:
        run(page, "--log-net-log=" + log, "--screenshot=" + os.path.join(directory, "page.png"))
        with open(log, encoding="utf-8") as f:
            parameters = [event.get("params", {}) for event in json.load(f)["events"]]
    finally:
        shutil.rmtree(directory)
    return sorted({p["url"] for p in parameters if "url" in p and p.get("initiator", "not an origin") != "not an origin"})

"""A real Chromium, without a window: screenshots, PDFs, and what a page would load."""
import html
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


# Opens the page in a frame of a width, measures it, and leaves what it found as its own text.
MEASURE = """<!DOCTYPE html><html><body><iframe id="page" src="%(page)s" style="border:0;width:%(width)dpx;height:%(height)dpx"></iframe>
<script>
window.addEventListener('load', () => {
  const page = document.getElementById('page').contentDocument, found = {overlaps: [], outside: [], smallest: 1000, charts: 0};
  for (const open of page.querySelectorAll('details')) open.open = %(open)s;
  found.scrollWidth = page.documentElement.scrollWidth;
  found.background = page.defaultView.getComputedStyle(page.body).backgroundColor;
  for (const svg of page.querySelectorAll('svg.chart')) {
    const whole = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    found.charts++;
    for (const [text, box] of texts) {
      found.smallest = Math.min(found.smallest, box.height);
      if (box.left < whole.left - 1 || box.right > whole.right + 1) found.outside.push(svg.parentNode.id + ': ' + text);
    }
    for (let i = 0; i < texts.length; i++)
      for (let j = 0; j < i; j++) {
        const a = texts[i][1], b = texts[j][1];
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > a.height / 3)
          found.overlaps.push(svg.parentNode.id + ': ' + texts[j][0] + ' / ' + texts[i][0]);
      }
  }
  document.body.textContent = 'FOUND' + JSON.stringify(found) + 'END';
});
</script></body></html>"""


def measure(page, width, opened=False, dark=False):
    """How the page looks at a width: scrollWidth, background, the number of charts, texts in charts that overlap each other or leave
    the chart, the height of the smallest."""
    directory = tempfile.mkdtemp(prefix="wosync-measure-")
    try:
        shutil.copy(page, os.path.join(directory, "page.html"))
        probe = os.path.join(directory, "probe.html")
        with open(probe, "w", encoding="utf-8") as f:
            f.write(MEASURE % {"page": "page.html", "width": width, "height": 2000, "open": "true" if opened else "false"})
        text = run(probe, "--allow-file-access-from-files", "--window-size=%d,2000" % (width + 40), "--dump-dom", dark=dark)
        return json.loads(html.unescape(text.split("FOUND")[-1].split("END")[0]))
    finally:
        shutil.rmtree(directory)

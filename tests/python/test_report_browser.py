"""The page in a browser: nothing is cut, texts of figures can be read on a telephone, nothing is
asked of a network, and axe-core finds no violation of WCAG 2.1 AA, in light and in the dark.

Needs Chromium. axe-core is looked for in target/axe, where `make axe` puts it.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import crm_core
from crm_core import _cli_output

CHROMIUM = next((found for one in _cli_output._CHROMIUM if (found := shutil.which(one))), None)
AXE = Path(__file__).parents[2] / "target/axe/package/axe.min.js"
#: What is looked at in each frame; the answer is written into the page around it.
LOOK = """
<script>%s</script>
<script>
addEventListener("load", async () => {
  const seen = {}, root = document.documentElement;
  seen.cut = root.scrollWidth - root.clientWidth;
  seen.small = [...document.querySelectorAll("svg text")].filter(one => {
    const svg = one.ownerSVGElement, box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    return box.width && parseFloat(getComputedStyle(one).fontSize) * scale < 11.9;
  }).map(one => one.textContent);
  seen.captions = [...document.querySelectorAll("table")].filter(one => !one.caption).length;
  seen.broken = [...document.querySelectorAll("h1,h2,h3,dd,dt,p,li,summary,figcaption")].filter(
    one => one.offsetParent && one.scrollWidth > one.clientWidth + 1
      && getComputedStyle(one).display !== "inline" && !one.closest(".scroll")
  ).map(one => one.textContent.trim().slice(0, 60));
  seen.shown = document.querySelectorAll("section").length;
  if (window.axe) {
    const found = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
      resultTypes: ["violations"],
    });
    seen.axe = found.violations.map(one => [one.id, one.nodes.map(n => n.target[0]).slice(0, 5)]);
  }
  parent.document.getElementById(window.name).textContent = JSON.stringify(seen);
});
</script>
"""


@pytest.fixture(scope="module")
def pages():
    """The page of a shop with everything, in both languages."""
    orders = crm_core.Orders(
        crm_core.simulate_orders(400, seed=7), currency="JPY", order_id="order_id",
        channel="channel", product="product", kind="kind", guests="keep",
    )  # fmt: skip
    events = crm_core.Events(
        crm_core.simulate_events(300, seed=7), customer_id="customer_id", page="page",
        product="product", order_id="order_id", amount="amount", currency="JPY",
    )  # fmt: skip
    made = crm_core.report(orders, events)
    found = {}
    for lang in ("en", "ja"):
        made.lang = lang
        found[lang] = made.to_html()
    return found


def looked_at(page, theme, width, name, axe):
    """The page in a frame of a width, with what looks at it inside."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    other = "not all" if theme == "light" else "all"
    text = text.replace("(prefers-color-scheme: dark)", other)
    text = text.replace("<details", "<details open")  # what is folded is looked at, too
    text = text.replace("</head>", LOOK % axe.replace("</script", "<\\/script") + "</head>")
    return (
        f'<pre id="{name}"></pre><iframe name="{name}" srcdoc="{html.escape(text)}" '
        f'style="width:{width}px;height:900px;border:0"></iframe>'
    )


@pytest.fixture(scope="module")
def seen(pages, tmp_path_factory):
    """What was seen in each frame, and what the browser said."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    folder = tmp_path_factory.mktemp("browser")
    axe = AXE.read_text(encoding="utf-8") if AXE.is_file() else ""
    cases = [("en", "light", 1280), ("ja", "dark", 1280), ("ja", "light", 390), ("en", "dark", 390)]
    frames = [
        looked_at(pages[lang], theme, width, f"{lang}-{theme}-{width}", axe)
        for lang, theme, width in cases
    ]
    source = folder / "frames.html"
    source.write_text("<!doctype html><meta charset=utf-8>" + "".join(frames), encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, "--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars",
         "--window-size=1400,1000", "--enable-logging=stderr",
         f"--user-data-dir={folder}/profile", "--virtual-time-budget=120000", "--dump-dom",
         source.as_uri()],
        capture_output=True, text=True, timeout=400, check=True,
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    said = dict(re.findall(r'<pre id="([\w-]+)">(.*?)</pre>', done.stdout, re.S))
    return {name: json.loads(html.unescape(text)) for name, text in said.items()}, told


def test_the_page_in_a_browser(seen):
    found, told = seen
    assert told == []  # no error, nothing that the policy refused
    assert len(found) == 4
    for name, one in found.items():
        assert one["shown"] >= 10, name
        assert one["cut"] <= 0, name
        assert one["small"] == [], name
        assert one["captions"] == 0, name
        assert one["broken"] == [], name


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: make axe")
def test_axe_finds_nothing(seen):
    found, _ = seen
    assert {name: one["axe"] for name, one in found.items() if one["axe"]} == {}


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_nothing_is_asked_of_a_network(pages, tmp_path):
    """The page as it is, with its policy, and the log of the browser's requests."""
    (tmp_path / "page.html").write_text(pages["en"], encoding="utf-8")
    subprocess.run(
        [CHROMIUM, "--headless", "--disable-gpu", "--no-sandbox", "--disable-background-networking",
         "--disable-component-update", f"--user-data-dir={tmp_path}/profile",
         f"--log-net-log={tmp_path}/net.json", f"--screenshot={tmp_path}/page.png",
         (tmp_path / "page.html").as_uri()],
        capture_output=True, timeout=200, check=True,
    )  # fmt: skip
    log = (tmp_path / "net.json").read_text(encoding="utf-8")
    asked = set(re.findall(r'"url":"((?:https?|wss?|ftp):[^"]*)"', log))
    own = re.compile(r"https?://[\w.-]*(google|gvt1|googleapis)\.com/")  # the browser's own
    assert {one for one in asked if not own.match(one)} == set()

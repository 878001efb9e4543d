"""`crm report --events`: exits, the funnel, carts and ways, against counts made here."""

import csv
import datetime
import random
import re
import xml.etree.ElementTree as ET

import pytest
from test_report import Tables, run

from crm_core._problem import Problem
from crm_core._reading import event_headings
from crm_core._report import figures

SVG = "{http://www.w3.org/2000/svg}"
KINDS = {
    "view": "ページ閲覧",
    "product_view": "商品閲覧",
    "add": "カート追加",
    "checkout": "購入手続き",
    "purchase": "購入",
}


@pytest.fixture(scope="module")
def visits():
    """One session a visitor: the kinds and pages it goes through."""
    draw = random.Random(7)
    way = [
        ("view", "/"),
        ("product_view", "/p?<b>"),
        ("add", "/p?<b>"),
        ("checkout", "/pay"),
        ("purchase", "/thanks"),
    ]
    return [way[: draw.choice([1, 1, 2, 2, 3, 4, 5])] for _ in range(90)]


@pytest.fixture
def files(visits, tmp_path):
    """An order export and a Shift_JIS log of the visits, months before now."""
    start = datetime.datetime(2024, 3, 1, 9)
    log, orders = tmp_path / "log.csv", tmp_path / "orders.csv"
    with (
        open(log, "w", encoding="cp932", newline="") as events,
        open(orders, "w", encoding="cp932", newline="") as bought,
    ):
        out, sold = csv.writer(events), csv.writer(bought)
        out.writerow(["訪問者ID", "発生日時", "イベント", "ページURL", "会員ID", "商品コード"])
        sold.writerow(["注文番号", "会員ID", "注文日", "支払合計"])
        for number, steps in enumerate(visits):
            at = start + datetime.timedelta(hours=3 * number)
            for kind, page in steps:
                at += datetime.timedelta(minutes=2)
                known = f"secret-{number}" if kind == "purchase" else ""
                product = "A1" if kind in ("product_view", "add") else ""
                row = [f"unseen-{number}", f"{at:%Y/%m/%d %H:%M}", KINDS[kind], page]
                out.writerow([*row, known, product])
                if known:
                    sold.writerow([number, known, f"{at:%Y/%m/%d}", 1200])
        # An old visitor who comes back much later, so that every cart's hour has passed.
        out.writerow(["unseen-last", "2024/06/01 10:00", KINDS["view"], "/", "", ""])
    return orders, log


def cells(text, heading, among=""):
    """The table whose first heading this is, and that has another, as dictionaries."""
    table = next(
        table
        for table in Tables.of(text)
        if table[0][0] == heading and (not among or among in table[0])
    )
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def test_a_report_with_events(visits, files, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    page = tmp_path / "report.html"
    assert run("report", files[0], "--events", files[1], "-v", "-o", page) == 0
    screen, text = capsys.readouterr().out, page.read_text(encoding="utf-8")
    depth = [sum(len(steps) > level for steps in visits) for level in range(5)]
    for shown in (screen, text):
        assert "unseen" not in shown and "secret" not in shown
        assert f"訪問者{len(visits) + 1}人" in shown
        assert f"セッション数 {len(visits) + 1}" in shown
        assert "発生日時" in shown and "ページURL" in shown and "--event-column page=" in shown
        assert "商品閲覧" in shown
    # The last page of the sessions without a purchase; carts and purchases are no views.
    last = [steps[min(len(steps), 2) - 1][1] for steps in visits if len(steps) < 5] + ["/"]
    exits = {row["ページ"]: row for row in cells(text, "ページ")}
    assert {page: row["購入せず離脱"] for page, row in exits.items()} == {
        page: f"{last.count(page) / int(exits[page]['セッション数']):.1%}"
        for page in ("/", "/p?<b>")
    }
    assert exits["/p?<b>"]["セッション数"] == str(depth[1])
    assert exits["/"]["閲覧数"] == str(len(visits) + 1)
    assert exits["/p?<b>"]["平均滞在秒数"] == "–"
    funnel = cells(text, "内容")
    assert [int(row["到達数"]) for row in funnel] == [depth[0] + 1, *depth[1:]]
    assert [row["内容"] for row in funnel][:2] == ["ページ閲覧", "商品閲覧"]
    carts = {
        row["段階"]: int(row["到達数"]) for row in cells(text, "段階", "最初の段階に対する割合")
    }
    assert (carts["カート"], carts["購入した"]) == (depth[2], depth[4])
    assert carts["購入手続きへ進んだ"] == depth[3]
    assert f"カゴ落ち率 {(depth[2] - depth[4]) / depth[2]:.1%}" in text
    # Every figure is SVG of its own, well formed, with a title and a description.
    drawn = {root.get("aria-labelledby"): root for root in svgs(text)}
    for root in drawn.values():
        assert root.get("role") == "img" and root.get("viewBox")
    for root in (drawn["ways-figure-t ways-figure-d"], drawn["ways-figure-n-t ways-figure-n-d"]):
        assert root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text
    ways = drawn["ways-figure-t ways-figure-d"]
    firsts = [r for r in ways.iter(f"{SVG}rect") if r.get("x") == "0.0"]
    assert [r.find(f"{SVG}title").text for r in firsts] == [f"/: {len(visits) + 1}"]
    went_on = f"/ → /p?<b>: {depth[1]}"
    assert any(p.find(f"{SVG}title").text == went_on for p in ways.iter(f"{SVG}path"))


def svgs(text):
    return [ET.fromstring(svg) for svg in re.findall(r"<svg [^>]*role=.*?</svg>", text, re.S)]


def test_the_user_says_otherwise(files, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    orders, log = files
    page = tmp_path / "report.html"
    more = ["--event-column", "page=", "--event-kind", f"{KINDS['checkout']}=view"]
    more += ["--funnel", f"{KINDS['product_view']},{KINDS['purchase']}", "--funnel-window", "36h"]
    assert run("report", orders, "--events", log, "--lang", "en", "-o", page, *more) == 0
    text = page.read_text(encoding="utf-8")
    assert "The events name no pages" in text and "within 36h" in text
    assert "Where visitors leave" not in text and "From page to page" not in text
    assert [row["What"] for row in cells(text, "What", "Reached")] == [
        KINDS["product_view"],
        KINDS["purchase"],
    ]
    assert run("report", orders, "--events", log, "--check", "--lang", "en") == 0
    out = capsys.readouterr().out
    assert "How the events were read" in out and "--event-column occurred_at=" in out
    assert "Funnel" not in out.split("--event-column")[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--event-column", "pages=URL"], "--event-column: there is no pages"),
        (["--event-column", "page"], "--event-column: page is not ROLE=COLUMN"),
        (["--event-column", "page=URI"], 'page: there is no column "URI"'),
        (["--event-column", "occurred_at="], "no column of the events looks like occurred_at"),
        (["--event-kind", "購入=buy"], "--event-kind: buy is no meaning"),
        (["--funnel", "購入", "--funnel-window", "0"], "window"),
        (["--events", "none.csv"], "there is no file none.csv"),
    ],
)
def test_what_is_wrong_with_events_is_said(files, capsys, arguments, message):
    assert run("report", files[0], "--events", files[1], *arguments) in (2, 3)
    err = capsys.readouterr().err
    assert err.startswith("crm: ") and message in err and "Traceback" not in err


def test_a_row_of_the_events_is_named_as_a_spreadsheet_shows_it(files, capsys):
    orders, log = files
    with open(log, "a", encoding="cp932") as file:
        file.write(",2024/06/02 10:00,購入,/,,\n")
    rows = len(log.read_text(encoding="cp932").splitlines())
    assert run("report", orders, "--events", log) == 3
    assert f"log.csv, row {rows}" in capsys.readouterr().err
    assert run("report", orders, "--events", log, "--bad-rows", "drop", "-q") == 0


def test_a_log_that_lacks_things_says_what_is_left_out(files, tmp_path, capsys):
    log = tmp_path / "few.csv"
    log.write_text("user_id,timestamp,event\n7,2024-03-01 10:00,search\n7,2024-03-01 10:01,login\n")
    assert run("report", files[0], "--events", log, "--lang", "en") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "The events name no pages" in out
    assert "Fewer than two steps" in out and "carts are left out" in out
    assert "as activity, not as steps of a cart: search, login" in out


def test_a_report_of_nothing_says_so(files, tmp_path, capsys):
    log, page = tmp_path / "empty.csv", tmp_path / "report.html"
    log.write_text("visitor_id,occurred_at,kind,page\n")
    orders = tmp_path / "none.csv"
    orders.write_text("customer_id,ordered_at,amount\n")
    said = ["--lang", "en", "--force", "-o", page]
    assert run("report", files[0], "--events", log, *said) == 0
    out = capsys.readouterr().out
    assert "None" not in out and "Kinds of events" not in out
    assert "No events" in page.read_text(encoding="utf-8")
    assert "None" not in out and " None" not in page.read_text(encoding="utf-8")
    # Events of later days only are none, too.
    assert run("report", files[0], "--events", files[1], "--as-of", "2024-02-01", *said) == 0
    capsys.readouterr()
    assert "No events" in page.read_text(encoding="utf-8")
    assert run("report", orders, "--currency", "JPY", *said) == 0
    out = capsys.readouterr().out
    assert "Customer report · No orders" in out and "None" not in out
    assert " None" not in page.read_text(encoding="utf-8")


def test_events_after_the_day_are_not_counted(visits, files, capsys):
    assert (
        run("report", files[0], "--events", files[1], "--as-of", "2024-04-30", "--lang", "en") == 0
    )
    out = " ".join(capsys.readouterr().out.split())
    assert f"{sum(map(len, visits))} events of {len(visits)} visitors" in out
    assert "to 2024-06-01" not in out


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            "event_time event_type product_id category_code brand price user_id user_session",
            {"visitor_id": "user_id", "occurred_at": "event_time", "kind": "event_type",
             "product": "product_id", "amount": "price"},
        ),
        (
            "user_pseudo_id user_id event_timestamp event_name page_location transaction_id",
            {"visitor_id": "user_pseudo_id", "customer_id": "user_id", "kind": "event_name",
             "occurred_at": "event_timestamp", "page": "page_location",
             "order_id": "transaction_id"},
        ),
        (
            "日時 会員番号 イベント名 ページ 商品名 数量 単価 流入元 キャンペーン 参照元",
            {"visitor_id": "会員番号", "occurred_at": "日時", "kind": "イベント名",
             "page": "ページ", "product": "商品名", "quantity": "数量", "channel": "流入元",
             "campaign": "キャンペーン", "referrer": "参照元"},
        ),
    ],
)  # fmt: skip
def test_headings_of_logs(headings, expected):
    chosen = event_headings.choose(headings.split(), {})
    assert {role: choice.value for role, choice in chosen.items()} == expected


def test_kinds_by_their_names_and_as_said():
    present = ["add_to_cart", "ページビュー", "View_Item", "begin checkout", "search", "かご"]
    assert event_headings.kinds(present, {"かご": "add"}) == {
        "add_to_cart": "add",
        "ページビュー": "view",
        "View_Item": "product_view",
        "begin checkout": "checkout",
        "かご": "add",
    }
    with pytest.raises(Problem, match="no meaning"):
        event_headings.kinds(present, {"かご": "cart"})


def test_a_sankeys_bands_fill_its_nodes():
    steps = [
        {("(start)", "a"): 60, ("(start)", "b"): 40},
        {("a", "b"): 20, ("a", "(end)"): 40, ("b", "(end)"): 40},
    ]
    order = ["a", "b", "(end)"]
    names = {name: name for name in order}
    root = ET.fromstring(figures.sankey("x", "t", "d", steps, order, names, names))
    tall = {
        (rect.get("x"), rect.find(f"{SVG}title").text): float(rect.get("height"))
        for rect in root.iter(f"{SVG}rect")
    }
    assert tall["0.0", "a: 60"] == pytest.approx(1.5 * tall["0.0", "b: 40"], abs=0.2)
    bands = {
        path.find(f"{SVG}title").text: [
            float(y) for y in re.findall(r"[MV ]\S+ (\S+?)C|V(\S+?)C", path.get("d"))[0] if y
        ]
        for path in root.iter(f"{SVG}path")
    }
    assert set(bands) == {"a → b: 20", "a → (end): 40", "b → (end): 40"}
    right = {title: height for (x, title), height in tall.items() if x != "0.0"}
    assert right["(end): 80"] == pytest.approx(4 * right["b: 20"], abs=0.3)


def test_long_names_keep_both_ends():
    assert figures.shortened("/short", 10) == "/short"
    assert figures.shortened("https://shop.example/products/12345", 12) == "https:…12345"
    assert len(figures.shortened("x" * 100, 34)) == 34

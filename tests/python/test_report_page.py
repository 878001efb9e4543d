"""The page of `crm report`: what it shows, its figures, and that it needs nothing else."""

import datetime
import re
import xml.etree.ElementTree as ET

import pytest
from test_report import Tables

import crm_core
from crm_core._reading import words as read_words
from crm_core._reading.headings import Choice
from crm_core._reading.settings import Note
from crm_core._report import figures, findings, grid, outlook, page, words
from crm_core._report.figures import Series
from crm_core._report.findings import Findings, Totals
from crm_core._report.money import Currency, brief, money
from crm_core._report.result import Frame

# ---- the page ------------------------------------------------------------------------------------


def found(**changes):
    """Findings of a little shop, made by hand."""
    day = datetime.date(2024, 3, 31)
    values = {
        "as_of": day,
        "currency": Currency("EUR", 2),
        "totals": Totals(15, 40, 1310.0, 32.75, 4, 8, datetime.date(2024, 1, 1), day),
        "rfm_segments": Frame(
            "rfm_segments",
            {
                "segment": ["champions", "dormant"],
                "customers": [2, 1],
                "revenue": [30.0, 1.0],
                "revenue_share": [30 / 31, 1 / 31],
            },
        ),
        "deciles": findings._groups(
            Frame("decile", {"decile": [1, 2, 2], "revenue": [30.0, 15.0, 5.0]}), "decile"
        ),
        "abc": findings._groups(
            Frame("abc", {"abc": ["A", "B", "C"], "revenue": [30.0, 15.0, 5.0]}), "abc"
        ),
        "cycle_levels": Frame(
            "cycle",
            {
                "level": ["ok", "lost"],
                "customers": [2, 1],
                "customer_share": [2 / 3, 1 / 3],
                "reached_today": [0, 1],
                "expected_revenue": [12.5, 0.0],
            },
        ),
        "gini": 1 / 3,
        "reconciliation": Frame(
            "reconciliation",
            {
                "reason": ["counted"],
                "rows": [40],
                "orders": [40],
                "customers": [15],
                "amount": [1310.0],
            },
        ),
        "breakdowns": {},
        "outlook": {},
        "definitions": [Frame("rfm", {}, {"analysis": "rfm"}, "00ff")],
        "notes": [Note("cpm_money", {"amount": "€229.25", "currency": "EUR"})],
    }
    return Findings(**{**values, **changes})


def render(lang="en", chosen=(), notes=(), title=None, source="orders.csv", **changes):
    of = found(**changes)
    return page.render(
        of,
        page.sections(of, chosen, notes, lang),
        source=source,
        title=title,
        lang=lang,
        version="0.1.0",
    )


@pytest.fixture(scope="module")
def whole():
    """The page of a shop with all sections of orders, in both languages."""
    orders = crm_core.Orders(
        crm_core.simulate_orders(600, seed=7),
        currency="JPY",
        order_id="order_id",
        channel="channel",
        product="product",
        kind="kind",
        guests="keep",
    )
    of = findings.analyse(orders, findings.Request(columns=["channel", "product"]))
    return {
        lang: page.render(
            of,
            page.sections(of, [], [], lang),
            source="x.csv",
            title=None,
            lang=lang,
            version="0.1.0",
        )
        for lang in words.LANGUAGES
    }


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_page_needs_nothing_from_outside(lang, whole):
    text = whole[lang]
    reader = Tables()
    reader.feed(text)
    assert not {"script", "link", "img", "iframe", "object", "embed"} & {
        tag for tag, _ in reader.tags
    }
    for _, attributes in reader.tags:
        assert not {"src", "srcset", "onload", "onclick"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in text and "@import" not in text


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_page_is_accessible(lang, whole):
    text = whole[lang]
    Tables.of(text)
    reader = Tables()
    reader.feed(text)
    named = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    drawings = [
        attributes
        for tag, attributes in reader.tags
        if tag == "svg" and attributes.get("aria-hidden") != "true"
    ]
    assert len(drawings) >= 8
    for attributes in drawings:
        assert attributes["role"] == "img"
        assert attributes.get("aria-label") or set(attributes["aria-labelledby"].split()) <= named
    identities = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    # Every table has a name, every figure for a wide screen one for a telephone.
    assert text.count("<caption") == text.count("<table")
    assert text.count('<svg class="wide"') == text.count('<svg class="narrow"') >= 3
    assert len(text.encode()) <= 300_000
    for tag, attributes in reader.tags:
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
        if tag == "a":
            assert attributes["href"][1:] in named
    assert ("html", {"lang": lang}) in reader.tags
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1


def test_text_of_the_file_is_never_markup():
    nasty = "<script>alert(1)</script>"
    text = render(
        title=nasty,
        source=nasty,
        chosen=[Choice("amount", nasty, "differs", nasty)],
        notes=[
            Note("filled", {"column": nasty, "rows": 3}),
            Note("statuses", {"map": {"completed": [nasty]}}),
        ],
        breakdowns={nasty: Frame("cpm_segments", {nasty: [nasty], "customers": [1]})},
        definitions=[Frame("rfm", {}, {"where": nasty}, nasty)],
    )
    Tables.of(text)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_without_orders_the_page_keeps_to_what_is_known():
    none = Totals(0, 0, 0.0, None, 0, 0, None, None)
    text = render(totals=none, gini=None, as_of=None, notes=[Note("no_orders")])
    Tables.of(text)
    assert "No order counts up to this date." in text
    assert 'id="trust"' in text
    assert 'id="conclusions"' not in text


def test_where_shares_are_undefined_they_are_not_said():
    assert "shares are not defined" in render(gini=None)


METHODS = {"model": {"en": "By model", "ja": "モデル"}, "markov": {"en": "By moves", "ja": "遷移"}}


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_outlook_shows_what_the_analyses_could_say(lang):
    answers = {
        "base_forecast": {
            "method": ["model", "markov", "model", "markov"],
            "until": [datetime.date(2024, 3, 31)] * 2 + [datetime.date(2025, 3, 31)] * 2,
            "active": [9.0, None, 7.5, 8.25],
            "expected_orders": [20.5, None, 12.0, 14.0],
            "expected_revenue": [200.0, None, 120.0, 140.0],
            "expected_revenue_low": [180.0, None, 100.0, 120.0],
            "expected_revenue_high": [220.0, None, 140.0, 160.0],
            "revenue_multiple": [0.8, None, 0.62, 0.71],
            "actual_active": [10.0, 10.0, None, None],
            "actual_orders": [21.0, 21.0, None, None],
            "actual_revenue": [210.0, 210.0, None, None],
        },
        "threshold_sweep": {
            "threshold": [60.0, 240.0],
            "flagged": [9, 4],
            "returned": [3, 0],
            "returned_rate": [1 / 3, 0.0],
            "others_returned_rate": [0.5, 0.4],
            "near_rate": [0.1, None],
        },
    }

    def run(task, **options):
        if task not in answers:
            raise crm_core.DataError("needs more days of history")
        return Frame(task, answers[task], labels={"method": METHODS})

    tables = outlook.look_ahead(run, {})
    assert list(tables) == ["forecast", "forecast_tested", "sweep"]
    shown = Tables.of(render(lang, outlook=tables))
    ahead, before, sweep = (
        next(
            table
            for table in shown
            if len(table[0]) == len(frame.columns)
            and table[0][1] == words.column(list(frame.columns)[1], lang)
        )
        for frame in tables.values()
    )
    assert [row[0] for row in ahead[1:]] == [
        METHODS["model"][lang],
        METHODS["markov"][lang],
    ]
    assert ahead[1][1:4] == ["2025-03-31", "7.5", "12.0"] and ahead[2][-1] == "0.71"
    assert len(before) == 2 and before[1][1:3] == ["9.0", "10.0"]
    assert sweep[1] == ["60", "9", "3", "33.3%", "50.0%", "10.0%"] and sweep[2][-1] == "–"


def test_the_same_findings_give_the_same_bytes():
    assert render() == render()


def test_no_sentence_is_missing_in_either_language():
    read = (read_words._VALUES, read_words._COLUMNS, read_words.FACTS)
    for table in (*read, read_words.REASONS, read_words.NOTES, words.PAGE):
        for key, pair in table.items():
            assert len(pair) == len(words.LANGUAGES) and all(pair), key
            names = [set(re.findall(r"{(\w+)}", text)) for text in pair]
            assert names[0] == names[1], key


def a_shop(currency="JPY", **more):
    rows = {
        "customer_id": ["1", "2", None],
        "ordered_at": [datetime.date(2024, 1, 31)] * 3,
        "amount": [5, 7, 9],
    }
    return crm_core.Orders(rows, currency=currency, guests="keep", **more)


def simulated():
    return crm_core.Orders(
        crm_core.simulate_orders(300, seed=7),
        currency="JPY",
        order_id="order_id",
        channel="channel",
        guests="drop",
    )


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_words_of_results_are_shown_as_the_library_labels_them(lang):
    orders = a_shop()
    tables = [crm_core.rfm_segments(orders), crm_core.cpm_segments(orders), orders.reconciliation]
    for table in tables:
        shown = grid.of(Frame.of("", table), "", lang, Currency("JPY", 0)).rows
        codes = table.to_dict()
        for at, name in enumerate(table.columns):
            if labels := table.words(name):
                assert [row[at] for row in shown] == [labels[c][lang] for c in codes[name]]


def test_a_word_has_the_label_of_its_own_table():
    """`model` is one thing to a forecast and another to a backtest of dates."""
    orders = simulated()
    shown = [
        Frame.of(task, getattr(crm_core, task)(orders)).label("method", "model", "en")
        for task in ("base_forecast", "backtest")
    ]
    assert shown == ["Model of each customer", "Gap model"]


def test_segments_have_the_names_people_know():
    frame = Frame.of("cpm_segments", crm_core.cpm_segments(a_shop()))
    assert grid.cpm_name(frame, "excellent", "churned", "ja") == "優良離脱"
    assert grid.cpm_name(frame, "first", "active", "ja") == "初回現役"
    assert grid.cpm_name(frame, "toddler", "active", "en") == "Toddler, active"
    assert grid.cpm_name(frame, "prospect", "active", "ja") == "見込み"


def test_states_of_orders_are_called_as_in_the_reconciliation():
    """But for those that count: there the library says that the policy leaves them out."""
    labels = a_shop().reconciliation.words("reason")
    for state in ("not_ordered", "cancelled", "payment_failed", "refunded", "returned", "test"):
        for lang in words.LANGUAGES:
            assert words.value(state, lang) == labels[state][lang]


@pytest.mark.parametrize("code, decimals", [("JPY", 0), ("USD", 2), ("KWD", 3), ("KRW", 0)])
def test_the_decimals_of_a_currency_are_the_librarys(code, decimals):
    """ISO 4217."""
    assert Currency.of(a_shop(code)) == Currency(code, decimals)


def test_the_bar_knows_how_many_analyses_there_are():
    told = []
    findings.analyse(simulated(), findings.Request(by=["channel"]), told.append)
    assert sorted(told) == sorted([*findings.ANALYSES, "cpm_segments"])


def luminance(colour):
    """WCAG 2.1, relative luminance."""
    parts = [one / 255 for one in colour]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_text_and_graphics_have_contrast_in_light_and_in_the_dark(whole):
    style = whole["en"].split("<style>")[1].split("</style>")[0]
    for block in re.findall(r":root {(.*?)}", style, re.S):
        found = dict(re.findall(r"--([\w-]+): ([^;]+);", block))

        def colour(name, found=found):
            text = found[name].removeprefix("#")
            wide = text if len(text) == 6 else "".join(one * 2 for one in text)
            return tuple(int(wide[at : at + 2], 16) for at in (0, 2, 4))

        paper = colour("paper")
        for name in ("ink", "faint", "up", "down", "repeat"):
            assert contrast(colour(name), paper) >= 4.5, name
        for name in ("new", "guest", "excellent", "trend", "steady", "toddler", "first"):
            assert contrast(colour(name), paper) >= 3, name
        heat = tuple(map(int, found["heat"].split()))
        most = 20 * float(found["heat-step"].rstrip("%")) / 100
        darkest = tuple(most * a + (1 - most) * b for a, b in zip(heat, paper, strict=True))
        assert contrast(colour("ink"), darkest) >= 4.5


# ---- figures and sums ----------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def drawn(series, labels=("a", "b")):
    text = figures.stacked_bars("f", "title", "more", labels, series, str, str)
    return ET.fromstring(str(text))


def test_bars_are_as_long_as_their_values_and_stand_on_one_another():
    root = drawn(
        [
            Series("lower", "x", [30.0, 10.0]),
            Series("upper", "y", [0.0, 20.0]),
            Series("under", "z", [15.0, 0.0], below=True),
        ]
    )
    bars = {
        (bar.get("class"), bar.find(f"{SVG}title").text): (
            float(bar.get("y")),
            float(bar.get("height")),
        )
        for bar in root.iter(f"{SVG}rect")
    }
    assert set(bars) == {
        ("lower", "a · x: 30.0"),
        ("lower", "b · x: 10.0"),
        ("upper", "b · y: 20.0"),
        ("under", "a · z: 15.0"),
    }
    per_unit = bars["lower", "a · x: 30.0"][1] / 30
    for (_, title), (_, height) in bars.items():
        assert height == pytest.approx(per_unit * float(title.split(": ")[1]), abs=0.02)
    ticks = {
        float(text.text): float(text.get("y"))
        for text in root.iter(f"{SVG}text")
        if text.get("class") == "tick end" and text.text != "0.0"
    }
    upper = sorted(ticks.items())[-2:]  # two ticks above zero give the axis's own scale
    assert (upper[0][1] - upper[1][1]) / (upper[1][0] - upper[0][0]) == pytest.approx(
        per_unit, rel=1e-3
    )
    zero = float(
        next(line for line in root.iter(f"{SVG}line") if line.get("class") == "zero").get("y1")
    )
    y, height = bars["lower", "b · x: 10.0"]
    assert y + height == pytest.approx(zero, abs=0.1)
    assert sum(bars["upper", "b · y: 20.0"]) == pytest.approx(y, abs=0.1)
    assert bars["under", "a · z: 15.0"][0] == pytest.approx(zero, abs=0.1)


@pytest.mark.parametrize("values", [[0.0, 0.0], [1e-9, 0.0], [1e12, 3.0], [-5.0, 2.0]])
def test_bars_of_any_size_stay_in_the_picture(values):
    root = drawn([Series("one", "x", values)])
    for bar in root.iter(f"{SVG}rect"):
        y, height = float(bar.get("y")), float(bar.get("height"))
        assert 0 <= y <= y + height <= figures._HEIGHT


def test_a_narrow_figure_has_the_last_twelve_bars_and_text_of_its_size():
    labels = [f"2024-{at:02}" for at in range(1, 25)]
    series = [Series("one", "x", [float(at) for at in range(1, 25)])]
    texts = [
        figures.stacked_bars("f", "title", "more", labels, series, str, str, narrow=narrow)
        for narrow in (False, True)
    ]
    wide, narrow = (ET.fromstring(str(text)) for text in texts)
    assert len(list(wide.iter(f"{SVG}rect"))) == 24 and len(list(narrow.iter(f"{SVG}rect"))) == 12
    assert narrow.get("viewBox").split()[2] == "366"  # a telephone's width: a unit is a pixel
    # The last bar is labelled, within the picture.
    for root, width in ((wide, 860), (narrow, 366)):
        ticks = [one for one in root.iter(f"{SVG}text") if one.get("class") == "tick mid"]
        assert ticks[-1].text == labels[-1]
        assert all(20 <= float(one.get("x")) <= width - 20 for one in ticks)


def test_an_outline_lies_at_its_value():
    series = [Series("one", "x", [10.0, 20.0])]
    root = ET.fromstring(
        str(figures.stacked_bars("f", "t", "d", ["a", "b"], series, str, str, outline=[None, 20.0]))
    )
    (outline,) = [one for one in root.iter(f"{SVG}path") if one.get("class") == "outline"]
    bars = list(root.iter(f"{SVG}rect"))
    assert float(re.search(r"M\S+ (\S+)h", outline.get("d"))[1]) == pytest.approx(
        float(bars[1].get("y")), abs=0.1
    )


def test_a_curve_ends_at_its_last_value():
    lines = [figures.Curve("c-now", "x", [0.0, 50.0, 100.0, None])]
    root = ET.fromstring(str(figures.curves("c", "t", "d", list("abcd"), lines, str)))
    points = next(root.iter(f"{SVG}polyline")).get("points").split()
    assert len(points) == 3
    (x, y), (_, middle), (_, bottom) = (map(float, one.split(",")) for one in points[::-1])
    dot = next(root.iter(f"{SVG}circle"))
    assert (float(dot.get("cx")), float(dot.get("cy"))) == pytest.approx((x, y))
    assert bottom - middle == pytest.approx(middle - y, abs=0.2)


def test_months_end_at_the_last_date_and_go_back_no_further_than_the_first():
    day = datetime.date
    assert findings._month_ends(day(2024, 1, 20), day(2024, 4, 10), 24) == [
        day(2024, 1, 31),
        day(2024, 2, 29),
        day(2024, 3, 31),
        day(2024, 4, 10),
    ]
    assert findings._month_ends(day(2020, 1, 1), day(2024, 3, 31), 3) == [
        day(2024, 1, 31),
        day(2024, 2, 29),
        day(2024, 3, 31),
    ]
    assert findings._month_ends(day(2024, 5, 1), day(2024, 4, 10), 3) == []
    assert findings._month_ends(None, None, 3) == []


@pytest.mark.parametrize(
    ("amount", "currency", "whole", "short", "japanese"),
    [
        (1234.0, "JPY", "¥1,234", "¥1,234", "1,234円"),
        (8330000.0, "JPY", "¥8,330,000", "¥8.33M", "833万円"),
        (235690253.0, "JPY", "¥235,690,253", "¥236M", "2.36億円"),
        (-52000.0, "JPY", "-¥52,000", "-¥52.0k", "-5.20万円"),
        (12.5, "USD", "$12.50", "$12.50", "$12.50"),
        (-2500315.63, "USD", "-$2,500,315.63", "-$2.50M", "-$2.50M"),
        (0.0, "USD", "$0.00", "$0", "$0"),
        (9999.99, "USD", "$9,999.99", "$10,000", "$10,000"),
        (1.25, "KWD", "1.250 KWD", "1.250 KWD", "1.250 KWD"),
    ],
)
def test_money_for_people(amount, currency, whole, short, japanese):
    of = Currency(currency, {"JPY": 0, "KWD": 3}.get(currency, 2))
    assert money(amount, of) == whole
    in_japanese = f"{amount:,.0f}円" if currency == "JPY" else whole
    assert money(amount, of, "ja") == in_japanese
    assert brief(amount, of, "en") == short
    assert brief(amount, of, "ja") == japanese


def test_shares_of_groups_are_undefined_with_a_negative_amount():
    frame = findings._groups(Frame("decile", {"decile": [1, 2], "revenue": [5.0, -1.0]}), "decile")
    assert frame["revenue_share"] == [None, None]
    shown = grid.of(frame, "", "en", Currency("USD", 2))
    assert shown.rows[1] == ["2", "1", "-$1.00", "-$1.00", "–", "–"]


def test_what_was_asked_is_noted_and_changes_the_numbers():
    rows = {
        "customer_id": ["a", "a", "b", "c"],
        "ordered_at": ["2024-01-05", "2024-03-05", "2024-02-01", "2024-02-02"],
        "amount": [1000, 500, 200, 50],
        "channel": ["web", "web", "store", "app"],
    }
    orders = crm_core.Orders(rows, currency="USD", channel="channel")
    asked = findings.Request(
        where={"channel": ["web", "store"]},
        customers={"first_month": {"from": "2024-01-01"}},
        cpm_money=250.5,
    )
    of = findings.analyse(orders, asked)
    noted = {note.code: note.values for note in of.notes}
    assert noted["filtered"] == {"where": "channel = web|store"}
    assert noted["filtered_customers"] == {"where": "first_month = 2024-01-01.."}
    assert noted["cpm_money_given"] == {"amount": "$250.50"} and "cpm_money" not in noted
    plain = findings.analyse(orders, findings.Request())
    noted = {note.code: note.values for note in plain.notes}
    # Of four orders, 1,750 in all; seven times their mean.
    assert not {"filtered", "filtered_customers", "cpm_money_given"} & {*noted}
    assert noted["cpm_money"] == {"amount": "$3,062.50", "currency": "USD"}

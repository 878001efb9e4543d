"""Every number of the report's titles and tiles is that of the library's table that it names.

The titles are built a second time, here, from the tables of the functions of `crm_core`, and have
to be the same texts. Intervals of totals, which no table has, are tested beside the sections.
"""

import datetime
import re

import monday_shop
import pytest

import crm_core as crm
from crm_core._report import findings, page
from crm_core._report.grid import Grid
from crm_core._report.money import Currency
from crm_core._report.sections import again, months, report, size, wall
from crm_core._report.sections.ask import Ask
from crm_core._report.sections.parts import Tiles
from crm_core._report.sections.shop import Missing, shop_of
from crm_core._report.sections.voice import Voice

DAY = datetime.timedelta(1)
YEAR = 364 * DAY


def yen(amount):
    """¥903k, ¥14.6M: three digits from ten thousand on."""
    for least, unit, name in ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(amount) >= least:
            short = amount / unit
            places = 0 if abs(short) >= 100 else 1 if abs(short) >= 10 else 2
            return f"¥{short:,.{places}f}{name}"
    return f"¥{amount:,.0f}"


def moved(now, before):
    return f"{now / before - 1:+.1%}".replace("-", "−")


def rows_of(table, **keys):
    columns = table.to_dict()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [row for row in rows if all(row[name] == value for name, value in keys.items())]


@pytest.fixture(scope="module")
def orders():
    return crm.Orders(
        crm.simulate_orders(600, seed=7),
        currency="JPY",
        order_id="order_id",
        channel="channel",
        product="product",
        kind="kind",
        guests="keep",
    )


@pytest.fixture(scope="module")
def made(orders):
    found = findings.analyse(orders, findings.Request(columns=["channel", "product"]))
    return {one.key: one for one in page.sections(found, [], [], "en")}


@pytest.fixture(scope="module")
def day(orders):
    return orders.last_date


def window(orders, last):
    """Revenue, new and repeat customers, and active ones of the 28 days that end on a day."""
    days = rows_of(crm.monthly(orders, last, period="day"))
    revenue = sum(row["revenue"] for row in days if last - 27 * DAY <= row["month"] <= last)
    people = rows_of(crm.summary(orders, last))
    new = sum(row["first_date"] >= last - 27 * DAY for row in people)
    repeat = sum(row["last_date"] >= last - 27 * DAY and row["orders"] > 1 for row in people)
    active = sum(
        row["customers"] for row in rows_of(crm.cpm_segments(orders, last), state="active")
    )
    return revenue, new, repeat, active


def of_months(first, last):
    return {"first_month": {"from": first, "to": last}}


def tiles(section):
    return [tile for part in section.parts if isinstance(part, Tiles) for tile in part.tiles]


def test_the_tiles_of_the_last_28_days(orders, made, day):
    now, before = window(orders, day), window(orders, day - YEAR)
    shown = tiles(made["size"])
    assert [one.value for one in (shown[0], shown[1], shown[2], shown[4])] == [
        yen(now[0]), *(f"{one:,}" for one in now[1:]),
    ]  # fmt: skip
    for at, tile in ((0, shown[0]), (1, shown[1]), (2, shown[2]), (3, shown[4])):
        if min(now[at], before[at]) >= 30:
            assert moved(now[at], before[at]) in tile.moved
        else:
            assert f"before: {before[at]:,}" in tile.moved
    assert made["size"].title.startswith(f"{yen(now[0])} in 28 days")
    again_now = rows_of(
        crm.repeat_rate(orders, day, within=90, customers=of_months("2025-04-01", "2025-09-01"))
    )[0]
    if again_now["customers"] >= 30:
        assert shown[3].value == f"{again_now['repeat_rate']:.1%}"
    month = rows_of(crm.shop_forecast(orders, day), part="total")
    whole = next(row for row in month if row["month"].day == 1)
    assert shown[5].value == yen(whole["revenue"])
    assert shown[5].small == (
        f"80 % band {yen(whole['revenue_low'])} to {yen(whole['revenue_high'])}"
    )
    (last_year,) = rows_of(
        crm.monthly(orders, day), month=whole["month"].replace(year=whole["month"].year - 1)
    )
    assert shown[5].moved == f"a year before {yen(last_year['revenue'])}"


def test_the_title_of_today(orders, made, day):
    # Both days by what was learnt on the later one, as a nightly job has it.
    learned = crm.cycle(orders, day, within=30).notes["learned"]
    table = crm.alerts(
        orders, day, since=day - 7 * DAY, levels=["due", "churn_risk"], learned=learned
    )
    found = rows_of(table)
    free = [row for row in found if row["suppressed_by"] is None and row["change"] == "reached"]
    slipping = [row for row in free if row["level"] == "churn_risk"]
    due = [row for row in free if row["level"] == "due"]
    amount = sum(row["expected_revenue"] or 0 for row in [*slipping, *due])
    buyers = rows_of(crm.likely_buyers(orders, day, within=30, learned=learned))
    total = sum(row["expected_revenue"] or 0 for row in buyers)
    most = -(-len(buyers) // 10)
    top = sum(row["expected_revenue"] or 0 for row in buyers if row["rank"] <= most)
    assert made["today"].title == (
        f"{len(slipping)} customers began to slip this week, {len(due)} became due: {yen(amount)} "
        f"in 180 days. The top {most} hold {top / total:.0%} of the revenue expected of customers "
        "in 30 days."
    )


def test_the_title_of_the_months(orders, made, day):
    whole = [row for row in rows_of(crm.monthly(orders, day)) if row["month"] < day.replace(day=1)]
    now, before = (sum(row["revenue"] for row in part) for part in (whole[-12:], whole[-24:-12]))
    repeat = sum(row["repeat_revenue"] for row in whole[-12:])
    title = made["months"].title
    assert title.startswith(f"12 months to November {day.year}: {yen(now)}, ")
    assert moved(now, before) in title and f"({yen(before)}" in title
    assert title.endswith(f"; {repeat / now:.0%} is from repeat customers")


def test_the_titles_about_purchases(orders, made, day):
    steps = {row["k"]: row["continue_rate"] for row in rows_of(crm.purchase_counts(orders, day))}
    assert made["wall"].title == (
        f"The second order is where most customers stop: {steps[1]:.1%} go on to it. "
        f"After three, {steps[3]:.1%} go on."
    )
    values = []
    for year in (day.year, day.year - 1):
        chosen = of_months(f"{year}-04-01", f"{year}-09-01")
        table = crm.cohorts(orders, day, rows="all", step=90, up_to=90, customers=chosen)
        values += [row["cumulative_ltv"] for row in rows_of(table, elapsed=90)]
    title = made["ltv"].title
    assert f"¥{values[0]:,.0f} within 90 days (April to September {day.year})" in title
    assert f"¥{values[1]:,.0f}" in title and moved(*values) in title


def test_the_titles_of_forecasts(orders, made, day):
    (past,) = (
        row
        for row in rows_of(crm.base_forecast(orders, day), method="model")
        if row["actual_revenue"] is not None
    )
    summary = crm.clv_summary(orders, day)
    value = crm.clv(
        crm.BestModel().fit(summary),
        crm.GammaGamma().fit(summary),
        summary,
        horizon_days=365,
        annual_discount_rate=0,
    )
    total = sum(row["clv"] or 0 for row in rows_of(value))
    title = made["value"].title
    assert yen(total) in title
    inside = past["expected_revenue_low"] <= past["actual_revenue"] <= past["expected_revenue_high"]
    assert inside == (" held " in title)
    if inside:
        assert f"last year's forecast of {yen(past['expected_revenue'])} held" in title
        assert f"({yen(past['actual_revenue'])} came)" in title
    ahead = rows_of(crm.shop_forecast(orders, day), part="total")
    month = next(row for row in ahead if row["month"] is not None and row["month"].day == 1)
    (sums,) = (row for row in ahead if row["month"] is None)
    assert made["ahead"].title == (
        f"{yen(month['revenue'])} in {month['month']:%B %Y}; {yen(sums['revenue'])} "
        f"({yen(sums['revenue_low'])} to {yen(sums['revenue_high'])}) in all months shown"
    )


def test_the_titles_about_customers_and_channels(orders, made, day):
    kinds = {}
    for row in rows_of(crm.movement(orders, day, since=day - 28 * DAY, cpm={"prospects": False})):
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["customers"]
    active = [window(orders, one)[3] for one in (day - 28 * DAY, day)]
    assert made["who"].title == (
        f"In 28 days {kinds.get('step_up', 0)} customers moved up, {kinds.get('churn', 0)} left, "
        f"{kinds.get('reactivation', 0)} came back; active {active[0]} → {active[1]}"
    )
    rows = [row for row in rows_of(crm.acquisition(orders, day)) if row["customers"] >= 30]
    rows.sort(key=lambda row: -row["ltv_360"])
    assert made["channels"].title == (
        f"Value of a customer in 360 days: {rows[0]['channel']} ¥{rows[0]['ltv_360']:,.0f}, "
        f"{rows[-1]['channel']} ¥{rows[-1]['ltv_360']:,.0f}"
    )


def test_the_titles_about_goods_and_subscriptions(orders, made, day):
    span = {"ordered_at": {"from": str(day - 363 * DAY), "to": str(day)}}
    sums = {}
    for row in rows_of(crm.monthly(orders, day, by=["product"], where=span)):
        sums[row["product"]] = sums.get(row["product"], 0) + row["revenue"]
    best = max(sums, key=lambda name: sums[name])
    share = sums[best] / sum(sums.values())
    assert made["products"].title == f"{best} brings {share:.0%} of the revenue of products"
    kinds = {}
    for row in rows_of(crm.monthly(orders, day, by=["kind"], where=span)):
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["revenue"]
    of = (kinds["sub_first"] + kinds["sub_renewal"]) / sum(kinds.values())
    first = rows_of(crm.purchase_counts(orders, day, kinds=["sub_first", "sub_renewal"]), k=1)
    assert made["subscriptions"].title == (
        f"Subscriptions are {of:.1%} of the revenue. {first[0]['continue_rate']:.1%} go on after "
        "the first delivery."
    )


def test_the_rows_that_count_and_the_totals(orders, made, day):
    rows = {row["reason"]: row["rows"] for row in rows_of(orders.reconciliation)}
    asked = rows["total"] - rows.get("filtered", 0)
    share = (rows["counted"] + rows.get("guest", 0)) / asked
    assert f"Of {asked:,} rows {share:.1%} count" in made["trust"].title
    people = rows_of(crm.summary(orders, day))
    every = rows_of(crm.monthly(orders, day))
    shown = {tile.name: tile.value for tile in tiles(made["trust"])}
    count = sum(row["orders"] for row in every)
    assert shown["Customers"] == f"{len(people):,}"
    of_guests = sum(row.get("guest_orders", 0) for row in every)
    total = sum(row["revenue"] for row in every)
    count = sum(row["orders"] for row in people) + of_guests
    assert shown["Orders, with guests"] == f"{count:,}"
    assert shown["Revenue, with guests"] == yen(total)
    assert shown["Mean order value, with guests"] == f"¥{total / count:,.0f}"
    repeaters = sum(row["orders"] > 1 for row in people)
    assert shown["Bought more than once"] == f"{repeaters / len(people):.1%}"


def test_no_title_is_left_out(made):
    """Each section with a number in its title is looked at above; a new one has to be, too."""
    with_numbers = {
        key for key, one in made.items() if re.search(r"\d", one.title.replace("(F2)", ""))
    }
    assert with_numbers - {"conclusions"} == {
        *("size", "today", "months", "wall", "ltv", "value", "ahead", "who", "channels"),
        *("products", "subscriptions", "trust"),
    }


def test_columns_of_numbers_are_set_to_the_right_and_those_of_words_are_not(made):
    """Each table has a cell, and says the side, for every heading. The first names the row."""
    a_number = re.compile(r"[−+]?[¥$]?[\d,.]+(k|M|B|%| pt|×)?( .*)?|–|")
    wrong = []
    for key, section in made.items():
        for grid in (part for part in section.parts if isinstance(part, Grid)):
            assert {len(grid.headings)} == {len(row) for row in (grid.numeric, *grid.rows)}, key
            for at, cells in enumerate(zip(*grid.rows, strict=True)):
                numbers = all(a_number.fullmatch(cell) for cell in cells)
                if grid.numeric[at] != numbers and any(cells) and not (at == 0 and numbers):
                    wrong.append((key, grid.headings[at], grid.numeric[at], cells[:3]))
    assert wrong == []


# ---- the facts of the three-year shop ------------------------------------------------------------


@pytest.fixture(scope="module")
def planted():
    """The orders of the shop with the planted facts."""
    lines = [line for line in monday_shop.lines() if line[8] != "キャンセル"]
    data = {
        "order_id": [line[0] for line in lines],
        "customer_id": [line[1] for line in lines],
        "ordered_at": [line[2] for line in lines],
        "channel": [line[5] for line in lines],
        "amount": [line[7] for line in lines],
    }
    return crm.Orders(data, currency="JPY", order_id="order_id", channel="channel")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            {
                "size": "+15.6% on the same weekdays a year ago",
                "again": "of アプリ come back most: 41.5%, of 楽天 19.9%, 21.6 pt apart",
                "wall": "The second order is where most customers stop",
                "months": "+",
            },
        ),
        (
            "ja",
            {
                "size": "前年同期(同じ曜日)より+15.6%",
                "again": "最も戻ってくるのはアプリ(41.5%)、最も少ないのは楽天(19.9%)。差は21.6pt",
                "wall": "最大の壁は2回目の購入",
                "months": "+",
            },
        ),
    ],
)
def test_planted_facts_are_findings_of_the_page(planted, lang, said, monkeypatch):
    monkeypatch.setattr(size, "_expected", lambda shop, table: Missing("forecast"))  # slow
    shop = shop_of(Ask(planted, monday_shop.LAST, {}), {})
    voice = Voice(lang, Currency("JPY", 0))
    of_size = size.find(shop)
    shown = {
        "size": size.show(of_size, voice),
        "again": again.show(again.find(shop, True), voice),
        "wall": wall.show(wall.find(shop), voice),
        "months": months.show(months.find(shop), voice),
    }
    for key, text in said.items():
        assert text in shown[key].title
    (tile,) = (one for one in tiles(shown["size"]) if "F2" in one.name)
    assert tile.value == f"{monday_shop.F2[1]:.1%}" and tile.verdict == "up"
    assert "+3.2" in tile.moved and f"{monday_shop.F2[0]:.1%}" in tile.moved
    top = report.conclusions.show(list(shown.values()), of_size.changes, voice)
    texts = [point.text for point in top.parts[0].points]
    assert any("+15.6%" in text for text in texts)
    assert any("+3.2" in text and "31.3%" in text for text in texts)

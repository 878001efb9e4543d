"""The sections of the report: their numbers by hand from a shop's rows, and their words."""

import datetime
import math
import re

import monday_shop
import pytest

import crm_core
from crm_core._report.money import Currency
from crm_core._report.result import Frame
from crm_core._report.sections import (
    again,
    change,
    conclusions,
    ltv,
    months,
    products,
    report,
    size,
    today,
    value,
    wall,
    who,
    words,
)
from crm_core._report.sections.ask import Ask
from crm_core._report.sections.change import Change, Rate
from crm_core._report.sections.parts import Headline
from crm_core._report.sections.shop import Missing, shop_of
from crm_core._report.sections.voice import Voice

DAY = datetime.timedelta(1)
JA = Voice("ja", Currency("JPY", 0))
EN = Voice("en", Currency("JPY", 0))


# ---- the words -----------------------------------------------------------------------------------


def test_every_text_has_two_languages_with_the_same_values():
    for key, pair in words.ALL.items():
        assert len(pair) == 2 and all(pair), key
        names = [set(re.findall(r"{(\w+)}", text)) for text in pair]
        assert names[0] == names[1], key


UP = Change(8_330_000, 7_200_000, 500_000, 1_700_000, 0.091, 0.223)
DOWN = Change(300, 400, -150, -50, -0.35, -0.13)
FLAT = Change(101, 100, -20, 22, -0.2, 0.25)
FEW = Change(12, 9)


@pytest.mark.parametrize(
    ("moved", "english", "japanese"),
    [
        (
            UP,
            "+15.7% on last year (95 % interval +9.1% to +22.3%)",
            "last yearより+15.7%(95%区間 +9.1%〜+22.3%)",
        ),
        (
            DOWN,
            "−25.0% on last year (95 % interval −35.0% to −13.0%)",
            "last yearより−25.0%(95%区間 −35.0%〜−13.0%)",
        ),
        (
            FLAT,
            "no clear change against last year (+1.0%, 95 % interval −20.0% to +25.0%)",
            "last yearとはっきりした差なし(+1.0%、95%区間 −20.0%〜+25.0%)",
        ),
        (
            FEW,
            "too few customers to compare with last year",
            "last yearと比べるには顧客が少なすぎます",
        ),
    ],
)
def test_a_change_in_words(moved, english, japanese):
    assert EN.moved(moved, "last year") == english
    assert JA.moved(moved, "last year") == japanese


def test_an_axis_has_short_amounts():
    assert [EN.axis(one) for one in (0, 500, 5e3, 1.5e4, 5e6, 1e7, 2e9)] == [
        *("¥0", "¥500", "¥5k", "¥15k", "¥5M", "¥10M", "¥2B"),
    ]
    assert [JA.axis(one) for one in (0, 5e3, 1.5e4, 5e6, 2e8)] == [
        *("0円", "5,000円", "1.5万円", "500万円", "2億円"),
    ]
    assert Voice("en", Currency("CHF", 2)).axis(2500) == "2.5k CHF"


def sized(**changes):
    again = size.Again(
        ("2026-03-01", "2026-08-01"),
        Rate(0.313, 0.297, 0.329, 3258),
        Rate(0.281, 0.265, 0.297, 2900),
        Change(0.313, 0.281, 0.009, 0.055),
    )
    values = {
        "compared": "year",
        "revenue": UP,
        "new": DOWN,
        "repeat": FLAT,
        "again": again,
        "active": UP,
        "expected": size.Expected(
            "2026-12-01", 9_000_000.0, 8_000_000.0, 10_000_000.0, 7_000_000.0
        ),
        "lines": {"revenue": [1.0, 3.0, 2.0], "new": [], "repeat": []},
        "days_since_last": 0,
    }
    return size.Size(**{**values, **changes})


def tiles(section):
    return {tile.name: tile for tile in section.parts[0].tiles}


def test_the_size_in_english():
    shown = size.show(sized(), EN)
    assert shown.title == "¥8.33M in 28 days, +15.7% on the same weekdays a year ago"
    revenue = tiles(shown)["Revenue, 28 days"]
    assert (revenue.value, revenue.moved, revenue.verdict) == ("¥8.33M", "+15.7%", "up")
    assert revenue.small == "+9.1% to +22.3%"
    assert tiles(shown)["Repeat customers, 28 days"].moved == "no clear change (+1.0%)"
    assert tiles(shown)["New customers, 28 days"].verdict == "down"
    again = tiles(shown)["Second order within 90 days (F2)"]
    assert (again.value, again.moved) == ("31.3%", "+3.2 pt (± 2.3) on 28.1%")
    assert again.small == "(29.7% to 32.9%), March to August 2026"
    expected = tiles(shown)["Expected in December 2026"]
    assert expected.small == "80 % band ¥8.00M to ¥10.0M"
    assert shown.headlines[0].text == (
        "Revenue of the last 28 days is ¥8.33M: +15.7% on the same weekdays a year ago (95 % "
        "interval +9.1% to +22.3%). Repeat customers: no clear change (+1.0%). New customers "
        "−25.0%."
    )


def test_the_size_in_japanese():
    shown = size.show(sized(), JA)
    assert shown.title == "28日で833万円、前年同期(同じ曜日)より+15.7%"
    assert shown.headlines[1].text == (
        "2026年3月〜8月の新規3,258人のうち、90日以内の2回目購入(F2転換率)は31.3% (29.7%〜32.9%)、"
        "前年28.1%。前年の同じ月より+3.2pt(95%区間 +0.9pt〜+5.5pt)。"
    )
    assert tiles(shown)["2026年12月の期待売上"].moved == "前年同月 700万円"


def test_without_history_nothing_is_compared():
    shown = size.show(
        sized(
            compared=None, again=Missing("days", 300, 82), expected=Missing("customers", 100, 15)
        ),
        EN,
    )
    assert shown.title == "¥8.33M in 28 days"
    assert {tile.moved for tile in shown.parts[0].tiles} == {
        "no earlier period to compare with",
        "This needs 300 days of orders; there are 82.",
        "This needs 100 customers; there are 15.",
    }
    assert "do not go back far enough" in shown.headlines[0].text


def test_data_that_end_long_before_the_report_are_said_first():
    below = [size.show(sized(days_since_last=40), EN)]
    first = conclusions.show(below, sized().changes, EN).parts[0].points[0]
    assert first.warning
    assert first.text.startswith("The last order is 40 days before the day of the report.")


def test_the_conclusions_count_what_moved():
    below = [size.show(sized(), EN)]
    shown = conclusions.show(below, sized().changes, EN)
    assert shown.title == (
        "In short: 3 of the main numbers are up, 1 down, 1 without a clear change"
    )
    assert conclusions.show(below, [], JA).title.startswith("今週の結論: まだ比較できる")
    assert conclusions.show(below, [FLAT, FEW], EN).title == (
        "In short: no clear change in the main numbers"
    )


def test_conclusions_are_five_the_largest_first_and_warn():
    moves = [Headline(f"move {n}", n) for n in range(1, 8)]
    risks = [Headline(f"risk {n}", n / 10, True) for n in range(1, 5)]
    chosen = conclusions.choose([*moves, *risks])
    assert [one.text for one in chosen] == ["move 7", "move 6", "move 5", "risk 4", "risk 3"]


def listed(key, people, revenue, days):
    return today.Group(key, people, revenue, days, Frame(key, {"customer_id": ["secret"]}))


def test_what_to_do_today_in_words():
    groups = [
        listed("slipping", 136, 270_000, 180),
        listed("due", 215, 1_420_000, 180),
        listed("second", 551, 300_000, 30),
        listed("top", 1000, 3_210_000, 30),
        listed("carts", 0, 0, None),
    ]
    found = today.Today(groups, 5_370_000, 37, 120, 3_210_000 / 5_370_000)
    shown = today.show(found, EN)
    assert shown.title == (
        "136 customers began to slip this week, 215 became due: ¥1.69M in 180 days. The top 1,000 "
        "hold 60% of the revenue expected of customers in 30 days."
    )
    rows = shown.parts[0].rows
    assert [row[1] for row in rows] == ["136", "215", "551", "1,000"]
    assert rows[2][0] == "Bought once, day 37 to 120 has come"
    assert rows[3][2] == "¥3.21M in 30 days" and rows[3][4] == "with --tables"
    japanese = today.show(found, JA, "lists")
    assert japanese.title == (
        "今週 136人が離脱傾向、215人が購入時期に(180日の期待売上 169万円)。"
        "上位1,000人で、30日間の既存顧客の期待売上の60%。"
    )
    assert japanese.parts[0].rows[0][4] == "lists/slipping.csv"
    assert japanese.headlines[0].warning and "27.0万円" in japanese.headlines[0].text
    assert "secret" not in repr([shown.parts, japanese.parts])


def purchase(k, rate, reach=1000):
    names = ("continue_rate", "continue_rate_low", "continue_rate_high", "churn_rate")
    rates = dict(zip(names, (rate, rate - 0.01, rate + 0.01, 0.9 - rate), strict=True))
    more = {"pending": 100, "survival_rate": 0.5, "cumulative_ltv": 5244.4, "median_days": 37.0}
    return {"k": k, "reach": reach, **rates, **more}


def test_the_wall_in_words():
    found = wall.Wall([purchase(1, 0.347), purchase(2, 0.564), purchase(3, 0.705)])
    english, japanese = wall.show(found, EN), wall.show(found, JA)
    assert english.title == (
        "The second order is where most customers stop: 34.7% go on to it. "
        "After three, 70.5% go on."
    )
    assert japanese.title == "最大の壁は2回目の購入(継続率 34.7%)。3回買えば70.5%が続く。"
    grid = english.parts[0]
    assert grid.rows[0] == [
        *("1", "1,000", "34.7%", "33.7% to 35.7%", "55.3%", "10.0%", "50.0%", "¥5,244", "37 d"),
    ]
    assert grid.bars[1][2] == 0.564
    later = wall.Wall([purchase(1, 0.6), purchase(2, 0.4)])
    assert wall.show(later, EN).title == "Fewest customers go on to purchase 3: 40.0%."


@pytest.mark.parametrize(
    ("moved", "english"),
    [
        (Change(7999, 7287, 300, 1100, 0.04, 0.16), "Newer customers are worth more: ¥7,999"),
        (Change(6999, 7287, -500, -80, -0.07, -0.01), "Newer customers are worth less: ¥6,999"),
        (Change(7300, 7287, -90, 120, -0.01, 0.02), "Newer customers are worth about the same"),
        (Change(7300, 7287), "¥7,300 within 90 days (March to August 2026); too few"),
    ],
)
def test_the_value_of_new_customers_in_words(moved, english):
    cohorts = [("2026-08-01", 500, {0: 5000.0, 30: 6000.0, 60: None})]
    curves = [{0: 5000.0, 30: 6000.0}, {0: 4800.0, 30: 5500.0, 60: 6000.0}]
    found = ltv.Ltv(cohorts, ("2026-03-01", "2026-08-01"), moved, curves)
    shown = ltv.show(found, EN)
    assert shown.title.startswith(english)
    heat, figure = shown.parts
    assert heat.rows[0][:5] == ["2026-08", "500", "¥5,000", "¥6,000", ""]
    assert (0, 4) in heat.hatched and (0, 3) not in heat.hatched
    assert figure.numbers.rows[2] == ["60 d", "¥6,000", "–"]
    assert ltv.show(found, JA).parts[0].rows[0][2] == "5,000円"
    assert bool(shown.headlines) == (moved.low is not None)


@pytest.mark.parametrize(
    ("came", "title", "warns"),
    [
        (33.4e6, "Last year's forecast was 10.8% too high, outside its band", True),
        (40.0e6, "Last year's forecast was 7.5% too low, outside its band", True),
        (36.0e6, "¥50.9M is expected of today's customers in a year; last year's forecast", False),
    ],
)
def test_a_forecast_that_failed_is_shown_as_failed(came, title, warns):
    label = {"en": "Excellent", "ja": "優良"}
    total = value.Worth({}, 5000, 50_850_000, 45e6, 57e6)
    segment = value.Worth(label, 100, 20_000_000, None, None)
    found = value.Value([segment], total, value.Past(37.0e6, 35.7e6, 39.1e6, came))
    shown = value.show(found, EN)
    assert shown.title.startswith(title)
    past, by_segment, _ = shown.parts
    assert past.rows[0][4] == ("failed: outside the band" if warns else "inside the band")
    assert by_segment.rows[0] == ["Excellent", "100", "¥20.0M", "–", "39.3%", "¥200,000"]
    assert [one.warning for one in shown.headlines] == ([True] if warns else [])
    assert value.show(found, JA).parts[1].rows[1][0] == "全顧客"


def monthly(revenue):
    """A table of months from January 2025 on."""
    first = datetime.date(2025, 1, 1)
    days = [first.replace(year=2025 + at // 12, month=at % 12 + 1) for at in range(len(revenue))]
    half = [amount / 2 for amount in revenue]
    count = [10] * len(revenue)
    names = ("orders", "new_customers", "repeat_customers")
    return Frame(
        "monthly",
        {
            "month": days,
            "revenue": revenue,
            "new_revenue": half,
            "repeat_revenue": half,
            **dict.fromkeys(names, count),
        },
    )


@pytest.mark.parametrize(
    ("year", "english"),
    [
        (
            Change(24e6, 20e6, 2e6, 6e6, 0.1, 0.3),
            "12 months to December 2026: ¥24.0M, +20.0% on the year before (¥20.0M); 50% is from "
            "repeat customers",
        ),
        (
            Change(24e6, 24.5e6, -2e6, 1e6, -0.1, 0.05),
            "12 months to December 2026: ¥24.0M, no clear change against the year before (¥24.5M, "
            "−2.0%); 50% is from repeat customers",
        ),
        (None, "12 months to December 2026: ¥24.0M"),
    ],
)
def test_the_months_in_words(year, english):
    found = months.Months(monthly([1.5e6] * 12 + [2e6] * 11 + [2e6]), 3e5, "2026-12-01", year)
    shown = months.show(found, EN)
    assert shown.title == english
    figure, text = shown.parts
    assert figure.numbers.rows[0][:3] == ["2026-12", "¥2,000,000", "¥1,000,000"]
    assert figure.numbers.rows[0][-1] == "+33.3%" and figure.numbers.rows[-1][-1] == "–"
    assert "The month that is not over (¥300k so far) is left out." in text.text
    assert months.show(found, JA).title.startswith("2026年12月までの12か月の売上は2,400万円")


def test_of_few_months_none_is_the_strongest():
    found = months.Months(monthly([2e6]), None, "2025-01-01", None)
    shown = months.show(found, EN)
    assert shown.title == "January 2025: ¥2.00M" and len(shown.parts) == 1
    found = months.Months(monthly([2e6] * 5 + [3e6]), None, "2025-06-01", None)
    assert months.show(found, EN).parts[1].text == (
        "The strongest of the last 6 months is June 2025: ¥3.00M."
    )


def test_a_year_that_fell_is_a_warning():
    found = months.Months(
        monthly([1e6] * 24), None, "2026-12-01", Change(18e6, 24e6, -9e6, -3e6, -0.35, -0.15)
    )
    (headline,) = months.show(found, EN).headlines
    assert headline.warning and headline.text.startswith(
        "Revenue of the twelve months to December 2026: −25.0% on the twelve months before"
    )


def source(name, now, before=None):
    def rate(p):
        return None if p is None else Rate(p, p - 0.03, p + 0.03, 600)

    return again.Source(name, rate(now), rate(before))


def test_coming_back_by_channel_in_words():
    sources = [source("App", 0.415, 0.358), source("Own", 0.36, 0.35), source("Mall", 0.199)]
    apart = change.of_rates(sources[0].now, sources[-1].now)
    found = again.Sources("channel", ("2026-03-01", "2026-08-01"), sources, apart)
    shown = again.show(found, EN)
    assert shown.title == (
        "New customers of App come back most: 41.5%, of Mall 19.9%, 21.6 pt apart"
    )
    rows = shown.parts[0].rows
    assert [row[5] for row in rows] == ["+5.7 pt", "no clear change (+1.0 pt)", "–"]
    assert rows[0][2] == "41.5% (38.5% to 44.5%)"
    assert shown.headlines[0].text == (
        "New customers of App: 41.5% buy again within 90 days, after 35.8% a year before (+5.7 pt)."
    )
    alike = [source("App", 0.41), source("Mall", 0.40)]
    apart = change.of_rates(alike[0].now, alike[1].now)
    found = again.Sources("channel", ("2026-03-01", "2026-08-01"), alike, apart)
    assert again.show(found, EN).title.startswith("The channels do not clearly differ")
    assert again.show(found, JA).title.startswith("チャネルによるはっきりした差なし")


def test_who_moved_in_words():
    segments = Frame(
        "cpm_segments",
        {
            "segment": ["first", "first"],
            "state": ["active", "churned"],
            "customers": [5840, 9000],
            "revenue": [1e6, 1e6],
        },
    )
    cells = Frame(
        "rfm_cross", {"r": [5, 1], "f": [1, 1], "customers": [30, 70], "revenue": [1e5, 2e5]}
    )
    moved = {"new": 200, "step_up": 238, "step_down": 3, "churn": 548, "reactivation": 6}
    labels = {kind: {"en": kind, "ja": kind} for kind in moved}
    found = who.Who(segments, Frame("cpm_segments", {}), moved, labels, 5791, cells)
    shown = who.show(found, EN)
    assert shown.title == (
        "In 28 days 238 customers moved up, 548 left, 6 came back; active 5,791 → 5,840"
    )
    assert who.show(found, JA).title == (
        "28日で238人が上がり、548人が離脱、6人が復帰。現役 5,791 → 5,840"
    )
    assert shown.headlines[0].text == (
        "In 28 days more customers left (548) than came new or returned (206)."
    )
    rfm = shown.parts[-1]
    assert list(rfm.headings) == ["Last order", "once"]
    assert rfm.rows[0] == ["up to 30 days ago", "30 · ¥100k"]
    assert rfm.weights[-1] == [None, 1.0]


# ---- a shop with planted facts -------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows():
    """Orders that count: (customer, day, amount, channel), by hand from the lines."""
    found = {}
    for number, name, when, _, _, channel, _, amount, state, _ in monday_shop.lines(5_000):
        if state != "キャンセル":
            order = found.setdefault(
                number, [name, datetime.date.fromisoformat(when[:10]), 0, channel]
            )
            order[2] += amount
    return [tuple(one) for one in found.values()]


@pytest.fixture(scope="module")
def shop(rows):
    names, days, amounts, channels = (list(one) for one in zip(*rows, strict=True))
    data = {"customer_id": names, "ordered_at": days, "amount": amounts, "channel": channels}
    return crm_core.Orders(data, currency="JPY", channel="channel")


@pytest.fixture(scope="module")
def found(shop):
    return report.find(Ask(shop, monday_shop.LAST, {}), {}, columns=["channel"])


def in_window(rows, last):
    """Revenue, new customers and repeat customers of the 28 days that end on a day."""
    first_day = {}
    for name, day, _, _ in sorted(rows, key=lambda row: row[1]):
        first_day.setdefault(name, day)
    here = [row for row in rows if last - 27 * DAY <= row[1] <= last]
    new = {row[0] for row in here if first_day[row[0]] >= last - 27 * DAY}
    seen, repeat = set(), set()
    for name, day, *_ in sorted(rows, key=lambda row: row[1]):
        if name in seen and last - 27 * DAY <= day <= last:
            repeat.add(name)
        seen.add(name)
    return sum(row[2] for row in here), len(new), len(repeat)


def test_the_two_periods_are_the_same_weekdays_of_two_years(rows, found):
    for change_of, at in ((found.size.revenue, 0), (found.size.new, 1), (found.size.repeat, 2)):
        now, before = (
            in_window(rows, last)[at] for last in (monday_shop.LAST, monday_shop.LAST - 364 * DAY)
        )
        assert (change_of.now, change_of.before) == (now, before)


def test_f2_counts_second_orders_within_90_days_of_whole_months(rows, found):
    again = found.size.again
    assert again.months == ("2026-02-01", "2026-07-01")
    days = {}
    for name, day, *_ in sorted(rows, key=lambda row: row[1]):
        days.setdefault(name, []).append(day)
    for rate, year in ((again.now, 2026), (again.before, 2025)):
        came = [of for of in days.values() if of[0].year == year and 2 <= of[0].month <= 7]
        back = [of for of in came if len(of) > 1 and (of[1] - of[0]).days <= 90]
        assert rate.customers == len(came)
        assert rate.value == pytest.approx(len(back) / len(came))


def test_customers_who_stopped_are_found(shop):
    """Those planted have a cycle of 30 days and are silent for 75 to 80."""
    slipped = set()
    for before in range(0, 60, 7):
        day = monday_shop.LAST - before * DAY
        found = today.find(shop_of(Ask(shop, day, {}), {}))
        slipping = next(group for group in found.groups if group.key == "slipping")
        slipped |= set(slipping.people_list["customer_id"])
    planted = {f"S{number:06d}" for number in range(monday_shop.STOPPED)}
    assert len(slipped & planted) >= 0.9 * len(planted)


def test_the_second_order_is_invited_between_the_usual_and_the_latest_day(rows, found):
    group = next(one for one in found.today.groups if one.key == "second")
    days = {}
    for name, day, *_ in sorted(rows, key=lambda row: row[1]):
        days.setdefault(name, []).append(day)
    waits = sorted((of[1] - of[0]).days for of in days.values() if len(of) > 1)
    assert found.today.usual == waits[math.ceil(len(waits) / 2) - 1]
    assert found.today.latest == waits[math.ceil(0.9 * len(waits)) - 1]
    expected = {
        name
        for name, of in days.items()
        if len(of) == 1
        and found.today.usual < (monday_shop.LAST - of[0]).days <= found.today.latest
    }
    assert set(group.people_list["customer_id"]) == expected


def test_revenue_within_90_days_is_that_of_the_rows(rows, found):
    days = {}
    for name, day, amount, _ in sorted(rows, key=lambda row: row[1]):
        days.setdefault(name, []).append((day, amount))
    for mean, year in ((found.ltv.change.now, 2026), (found.ltv.change.before, 2025)):
        came = [of for of in days.values() if of[0][0].year == year and 2 <= of[0][0].month <= 7]
        brought = [sum(amount for day, amount in of if (day - of[0][0]).days <= 90) for of in came]
        assert mean == pytest.approx(sum(brought) / len(came))


def test_the_segments_add_up_to_all_customers(found):
    of = found.value
    assert sum(one.customers for one in of.segments) == of.total.customers
    assert sum(one.revenue for one in of.segments) == pytest.approx(of.total.revenue, rel=1e-6)
    assert of.total.low < of.total.revenue < of.total.high


def test_the_best_channel_is_the_planted_one(found):
    names = [one.name for one in found.again.sources]
    assert names[0] == "アプリ" and names[-1] == "楽天"
    assert found.again.apart.verdict == "up"
    revenue = sum(row["revenue"] for row in found.channels.rows)
    assert revenue == pytest.approx(sum(found.months.frame["revenue"]) + found.months.running)


def test_december_is_named_as_the_strongest_month(found):
    text = months.show(found.months, EN).parts[1].text
    assert text.startswith("The strongest of the last 12 months is December 2025")


def test_products_add_up_by_their_lines():
    """An order of several products: each line counts for its product, once."""
    lines = [line for line in monday_shop.lines(1_500) if line[8] != "キャンセル"]
    data = {
        "order_id": [line[0] for line in lines],
        "customer_id": [line[1] for line in lines],
        "ordered_at": [datetime.date.fromisoformat(line[2][:10]) for line in lines],
        "product": [line[3] for line in lines],
        "amount": [line[7] for line in lines],
    }
    orders = crm_core.Orders(data, currency="JPY", order_id="order_id", product="product")
    found = products.find(shop_of(Ask(orders, monday_shop.LAST, {}), {}), True)
    since = monday_shop.LAST - 363 * DAY
    expected = {}
    for line in lines:
        if datetime.date.fromisoformat(line[2][:10]) >= since:
            expected[line[3]] = expected.get(line[3], 0) + line[7]
    assert dict(found.revenue) == expected
    assert found.total == sum(expected.values())


def test_a_filter_holds_for_every_number(rows, shop):
    ask = Ask(shop, monday_shop.LAST, {"where": {"channel": "楽天"}})
    of_channel = report.find(ask, {})
    chosen = [row for row in rows if row[3] == "楽天"]
    revenue, new, repeat = in_window(chosen, monday_shop.LAST)
    size_of = of_channel.size
    assert (size_of.revenue.now, size_of.new.now, size_of.repeat.now) == (revenue, new, repeat)


def test_a_young_shop_says_what_it_lacks():
    days = [datetime.date(2026, 9, 1) + n * DAY for n in range(0, 60, 4)]
    orders = crm_core.Orders(
        {"customer_id": [f"c{n % 9}" for n in range(15)], "ordered_at": days, "amount": [900] * 15},
        currency="JPY",
    )
    found = report.find(Ask(orders, days[-1], {}), {})
    assert found.today == Missing("customers", 100, 9)
    assert found.size.expected == Missing("customers", 100, 9)
    assert found.lists == {}
    assert found.wall == found.ltv == found.value == Missing("customers", 100, 9)
    for voice in (EN, JA):
        sections = report.show(found, voice)
        assert any(point.warning for point in sections[0].parts[0].points)

"""What is learnt once says the same of a customer shown alone."""

import datetime
import json
from typing import Any

import pytest
from shops import ALL_LEVELS, DAY, build, by_id, regulars

import crm_core as crm


@pytest.mark.parametrize("currency", ["JPY", "USD"])
def test_a_customer_alone_is_what_the_whole_shop_says(currency: str) -> None:
    rows = regulars()
    orders = build(rows, currency)
    learned = crm.learn(orders, DAY)
    text = json.dumps(learned.notes["learned"])
    assert len(text) < 5000

    money = None if currency == "JPY" else {"mean_order_values": 7}
    summary = crm.clv_summary(orders, DAY)
    models = crm.BestModel().fit(summary), crm.GammaGamma().fit(summary)
    value = by_id(crm.clv(*models, summary, interval=None))
    rfm, cpm = by_id(crm.rfm(orders, DAY)), by_id(crm.cpm(orders, DAY, money=money))
    soon = None if currency == "JPY" else 45
    cycle = by_id(crm.cycle(orders, DAY, return_within=soon))
    alerts = by_id(crm.alerts(orders, DAY, levels=ALL_LEVELS))
    seen = set()
    for customer in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == customer and row[1] <= DAY]
        if not own:
            continue
        page = crm.customer(build(own, currency), DAY, learned=json.loads(text), return_within=soon)
        one = page.to_dict()
        told = {name: cells[0] for name, cells in one.items()}
        for name in ("orders", "revenue", "recency_days", "r", "f", "m"):
            assert told[name] == rfm[customer][name], name
        assert told["rfm_segment"] == rfm[customer]["segment"]
        assert told["cpm_segment"] == cpm[customer]["segment"]
        assert told["cpm_state"] == cpm[customer]["state"]
        for name in cycle[customer]:
            if isinstance(told[name], float):
                assert told[name] == pytest.approx(cycle[customer][name], abs=1e-12), name
            else:
                assert told[name] == cycle[customer][name], name
        seen.add(told["level"])
        alert = alerts.get(customer, {"reason_code": None, "reason": None, "reason_ja": None})
        for name in ("reason_code", "reason", "reason_ja"):
            assert told[name] == alert[name], name
        if customer in alerts:
            for name in ("reached_on", "next_level", "next_level_date", "counterfactual"):
                assert told[name] == alert[name], name
        for name in ("expected_purchases", "expected_spend", "clv"):
            assert told[name] == pytest.approx(value[customer][name], rel=1e-9), name
    assert {"ok", "due", "lost"} <= seen


def test_what_was_learnt_is_applied_by_every_analysis() -> None:
    rows = regulars()
    orders = build(rows)
    learned = crm.learn(orders, DAY)
    later = DAY + datetime.timedelta(60)
    some = build([row for row in rows if row[0] < "c030"])
    assert crm.rfm(some, DAY, learned=learned).to_dict()["r"] != crm.rfm(some, DAY).to_dict()["r"]
    frozen = by_id(crm.rfm(orders, DAY, learned=learned))
    assert frozen == by_id(crm.rfm(orders, DAY))
    cuts = crm.rfm(orders, DAY).notes["cuts"]
    by_cuts = crm.rfm(orders, later, mode="frozen", cuts=cuts).to_dict()
    assert crm.rfm(orders, later, learned=learned).to_dict() == by_cuts

    def alerts(*given: Any, **more: Any) -> crm.Table:
        return crm.alerts(*given, levels=["due", "lost"], **more)

    for analysis in (crm.cycle, crm.likely_buyers, alerts):
        alone, whole = by_id(analysis(some, DAY, learned=learned)), by_id(analysis(orders, DAY))
        assert alone
        for customer, told in alone.items():
            assert {n: v for n, v in told.items() if n not in ("rank", "priority")} == {
                n: v for n, v in whole[customer].items() if n not in ("rank", "priority")
            }


def test_a_document_of_another_shop_or_form_is_refused() -> None:
    orders = build(regulars(20))
    document = crm.learn(orders, DAY).notes["learned"]
    dollars = build(regulars(20), "USD")
    for wrong, says in [
        ({**document, "version": 3}, "version 2 or older"),
        ({**document, "version": 0}, "version 2 or older"),
        ({"gap_model": None}, "version 2 or older"),
    ]:
        with pytest.raises(crm.OptionError, match=says):
            crm.customer(orders, DAY, learned=wrong)
    with pytest.raises(crm.OptionError, match=r"learned\.currency.*\"USD\", as in this request"):
        crm.customer(dollars, DAY, learned=document)
    with pytest.raises(crm.OptionError, match=r"learned\.currency"):
        crm.rfm(dollars, DAY, learned=document)
    with pytest.raises(crm.OptionError, match="cuts from one place"):
        crm.rfm(orders, DAY, mode="threshold", preset="uchide_repeat", learned=document)
    with pytest.raises(crm.OptionError, match="expected what `learn` has given"):
        crm.rfm(orders, DAY, learned="no json")
    with pytest.raises(crm.OptionError, match="a document of `learn` is about customers"):
        crm.cycle(orders, DAY, learned=document, per="ordered_at")
    with pytest.raises(crm.OptionError, match="a date: this analysis asks about a given day"):
        crm.customer(orders, None, learned=document)


DAMAGED: dict[str, tuple[dict[str, Any], str]] = {
    "a date that is none": ({"as_of": "2025-06-31"}, "learned.as_of`: expected a date such as"),
    "no date": ({"as_of": None}, "learned.as_of`: expected a date such as"),
    "no currency": ({"currency": None}, "learned.currency`: expected"),
    "a basis that is none": ({"basis": "nett"}, "learned.basis`: expected one of `net`"),
    "fewer than no customers": ({"customers": -1}, "learned.customers`: expected a whole number"),
    "a part of a gap model": ({"gap_model": {"family": "gamma"}}, "learned.gap_model`: expected"),
    "a month that is none": ({"seasonality": {"13": 1}}, "learned.seasonality.13`: expected a mon"),
    "a factor below 0": ({"seasonality": {"1": -1}}, "learned.seasonality.1`: expected a factor"),
    "a factor that is none": (
        {"seasonality": {"1": None}},
        "learned.seasonality`: expected an obj",
    ),
    "a threshold that is none": ({"cpm": {"money": "much"}}, "learned.cpm`: expected a number"),
    "a threshold below 0": ({"cpm": {"money": -7}}, "learned.cpm.money`: expected an amount of ze"),
    "a threshold of another name": ({"cpm": {"mony": 7}}, "learned.cpm`: "),
    "cuts of one axis": ({"rfm": {"cuts": {"recency": [9]}}}, "learned.rfm`: expected an object"),
    "a model that is none": ({"clv": {"version": 1, "model": "mbg"}}, "learned.clv`: expected"),
    "a model that is a number": ({"clv": 3}, "learned.clv`: expected"),
    "spend that is none": ({"spend": {"version": 1}}, "learned.spend`: expected"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_of_a_damaged_document_the_part_that_is_wrong_is_named(case: str) -> None:
    orders = build(regulars(30))
    change, says = DAMAGED[case]
    document = {**crm.learn(orders, DAY).notes["learned"], **change}
    with pytest.raises(crm.OptionError) as caught:
        crm.customer(orders, DAY, learned=document)
    assert str(caught.value).startswith(f"option `{says}")


def test_numbers_that_no_shop_has_are_refused() -> None:
    orders = build(regulars(30))
    document = crm.learn(orders, DAY).notes["learned"]
    cuts = document["rfm"]["cuts"]
    backwards = {**cuts, "recency": cuts["recency"][::-1]}
    weekly = {**document["clv"]["model"], "unit": "week"}
    fits = {name: document[name] for name in ("clv", "spend")}
    for name, fit in fits.items():
        parameter = "r" if name == "clv" else "p"
        for value in (0, -1, 1e300, 1e-300):
            model = {**fit["model"], parameter: value}
            wrong = {**document, name: {**fit, "model": model}}
            with pytest.raises(crm.OptionError, match=rf"option `learned\.{name}`: expected"):
                crm.customer(orders, DAY, learned=wrong)
        with pytest.raises(crm.OptionError, match=rf"option `learned\.{name}`: expected"):
            crm.customer(orders, DAY, learned={**document, name: {**fit, "version": 0}})
    for part, says in [
        ({"clv": {**fits["clv"], "model": weekly}}, "learned.clv`: expected a model in days"),
        (
            {"rfm": {**document["rfm"], "cuts": backwards}},
            "learned.rfm.cuts.recency`: expected day",
        ),
    ]:
        with pytest.raises(crm.OptionError) as caught:
            crm.customer(orders, DAY, learned={**document, **part})
        assert str(caught.value).startswith(f"option `{says}")


@pytest.mark.parametrize("analysis", [crm.cycle, crm.alerts, crm.likely_buyers, crm.customer])
def test_nothing_learnt_is_said_and_a_missing_part_refused(analysis: Any) -> None:
    orders = build(regulars(30))
    document = crm.learn(orders, DAY).notes["learned"]
    assert "no_model" not in analysis(orders, DAY, learned=document).notes
    missing = {name: part for name, part in document.items() if name != "gap_model"}
    with pytest.raises(crm.OptionError, match=r"`learned\.gap_model`: .* has no such part"):
        analysis(orders, DAY, learned=missing)
    nothing = analysis(orders, DAY, learned={**document, "gap_model": None})
    assert nothing.notes["no_model"].startswith("no customer had come back")
    rows = nothing.to_dict()
    assert all(cell is None for cell in rows["level"])
    assert len(rows["level"]) == (0 if analysis is crm.alerts else 30)
    # What an analysis has no use for may be missing, and the rest of a customer is null then.
    few = {name: document[name] for name in ("version", "as_of", "currency", "basis", "gap_model")}
    alone = analysis(orders, DAY, learned=few)
    if analysis is crm.customer:
        assert set(alone.to_dict()["clv"]) == {None} == set(alone.to_dict()["rfm_segment"])
    else:
        assert alone.to_dict() == analysis(orders, DAY, learned=document).to_dict()
    with pytest.raises(crm.OptionError, match=r"`learned\.rfm`: .* has no such part"):
        crm.rfm(orders, DAY, learned=few)


def test_json_that_is_nested_too_deeply_is_refused() -> None:
    orders = build(regulars(5))
    deep: dict[str, Any] = {}
    ring: dict[str, Any] = {}
    ring["a"] = ring
    for _ in range(10_000):
        deep = {"a": deep}
    text = '{"a":' * 10_000 + "1" + "}" * 10_000
    for learned in (deep, text, json.loads('{"a":' * 500 + "1" + "}" * 500)):
        with pytest.raises(crm.OptionError):
            crm.cycle(orders, DAY, learned=learned)
    for where in (deep, ring):
        with pytest.raises(crm.OptionError, match="nested less deeply"):
            crm.cycle(orders, DAY, where=where)
    with pytest.raises(crm.OptionError, match="nested less deeply"):
        crm.cycle(orders, DAY, learned=deep)
    with pytest.raises(crm.OptionError, match="nested more than 24 deep"):
        crm.run("cycle", orders, f'{{"as_of": "2025-06-30", "learned": {text}}}')


def test_what_several_days_or_groups_taught_is_no_document() -> None:
    orders = build(regulars(), product=["tea"] * len(regulars()))
    days = ["2025-01-31", str(DAY)]
    for table in (crm.learn(orders, days), crm.learn(orders, DAY, by=["first_quarter"])):
        assert "learned" not in table.notes
        with pytest.raises(crm.OptionError, match="of one date and without `by`"):
            crm.cycle(orders, DAY, learned=table)

"""What is learnt once says the same of a customer shown alone."""

import datetime
import json

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
    models = crm.MbgNbd().fit(summary), crm.GammaGamma().fit(summary)
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
    for analysis in (crm.cycle, crm.likely_buyers, crm.alerts):
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
        ({**document, "version": 2}, "version 1 or older"),
        ({"gap_model": None}, "version 1 or older"),
        ({**document, "gap_model": {"family": "gamma"}}, "learned.gap_model"),
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
    with pytest.raises(crm.OptionError, match="what is learnt is of customers"):
        crm.cycle(orders, DAY, learned=document, per="ordered_at")
    with pytest.raises(crm.OptionError, match="a date: this analysis asks about a given day"):
        crm.customer(orders, None, learned=document)


def test_what_several_days_or_groups_taught_is_no_document() -> None:
    orders = build(regulars(), product=["tea"] * len(regulars()))
    days = ["2025-01-31", str(DAY)]
    for table in (crm.learn(orders, days), crm.learn(orders, DAY, by=["first_quarter"])):
        assert "learned" not in table.notes
        with pytest.raises(crm.OptionError, match="of one date and without `by`"):
            crm.cycle(orders, DAY, learned=table)

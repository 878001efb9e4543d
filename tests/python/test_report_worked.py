"""The section on campaigns, the experiment and channels: its words and its numbers."""

import re

import pytest

import crm_core as crm
from crm_core._report.money import Currency
from crm_core._report.result import Frame
from crm_core._report.sections import worked as section
from crm_core._report.sections.voice import Voice
from crm_core._report.worked import Worked

EN, JA = (Voice(lang, Currency("JPY", 0)) for lang in ("en", "ja"))


def effects(*differences, mismatched=()):
    """The results of campaigns with these differences of the purchase rate and their intervals."""
    names = ("campaign", "sent", "held_out", "measure", "sent_mean", "held_out_mean")
    names += ("difference", "difference_low", "difference_high")
    names += ("extra_total", "extra_total_low", "extra_total_high")
    rows = []
    for number, (difference, low, high) in enumerate(differences, 1):
        start = (f"mail {number}", 800, 200)
        rows.append((*start, "purchase_rate", 0.10, 0.08, difference, low, high, None, None, None))
        rows.append((*start, "revenue", 500.0, 400.0, 100.0, 1.0, 199.0, 80000.0, 800.0, 159200.0))
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    notes = {"sample_ratio_mismatch": list(mismatched)}
    return Worked(effects=Frame("campaign_effect", columns, notes=notes))


@pytest.mark.parametrize(
    ("found", "english", "japanese"),
    [
        (effects((0.02, 0.01, 0.03), (0.01, -0.01, 0.03)),
         "1 of 2 campaigns clearly brought purchases that would not have come anyway",
         "2件のうち1件の配信は、配信しない場合より明らかに購入を増やしました"),
        (effects((0.02, 0.01, 0.03), (-0.02, -0.03, -0.01)),
         "Of 2 campaigns 1 clearly brought purchases, 1 clearly cost some",
         "2件の配信のうち、明らかに購入を増やしたもの1件、減らしたもの1件"),
        (effects((0.01, -0.01, 0.03)), "None of 1 campaigns has a clear effect",
         "1件の配信に、はっきりした効果はありません"),
        # Nobody can say what a campaign did whose groups were not drawn as said.
        (effects((0.02, 0.01, 0.03), mismatched=["mail 1"]),
         "Messages, experiments and channels", "配信・実験・チャネル"),
    ],
)  # fmt: skip
def test_titles(found, english, japanese):
    shown = section.show(found, [], EN)
    assert (shown.title, section.show(found, [], JA).title) == (english, japanese)
    assert bool(shown.headlines) == ("clearly" in english)


def test_cells_of_an_effect():
    shown = section.show(effects((0.02, 0.01, 0.03)), ["A note."], EN)
    (row,) = next(one for one in shown.grids if one.rows[0][0] == "mail 1").rows
    assert row == ["mail 1", "800", "200", "10.0%", "8.0%", "+2.0 pt (+1.0 pt to +3.0 pt)",
                   "¥80.0k (¥800 to ¥159k)"]  # fmt: skip
    assert shown.parts[0].text == "A note."


@pytest.fixture(scope="module")
def log():
    data = crm.simulate_events(1_500, campaigns=2, seed=1)
    columns = ("customer_id", "page", "product", "order_id", "channel", "amount", "campaign")
    named = {name: name for name in (*columns, "variant", "machine")}
    return crm.Events(data, currency="JPY", timezone="Asia/Tokyo", **named)


@pytest.fixture(scope="module")
def orders():
    data = crm.simulate_orders(300, seed=3)
    return crm.Orders(data, currency="JPY", guests="drop", order_id="order_id")


def test_the_page_has_the_numbers_of_the_tables(log, orders):
    page = crm.report(orders, log)
    assert "campaigns" in page.titles["worked"]
    text = re.sub(r"<[^>]+>", " ", page.to_html())
    rates = crm.campaign_rates(log).to_dict()
    effect = crm.campaign_effect(log).to_dict()
    trial = crm.experiment(log).to_dict()
    credit = crm.attribution(log, models=["last", "markov"]).to_dict()
    for value in (
        *(f"{number:,}" for number in rates["delivered"]),
        *(f"{rate:.1%}" for rate in rates["open_rate"]),
        *(EN.points(number) for number in effect["difference"][::3]),
        *(f"{number:,}" for number in trial["n"]),
        *(f"{share:.1%}" for share in credit["share"]),
    ):  # fmt: skip
        assert value in text, value


def test_messages_without_purchases_are_joined_with_the_orders():
    people = [f"c{at}" for at in range(400)]
    sent = {
        "customer_id": people,
        "kind": ["held_out" if at % 4 == 0 else "sent" for at in range(400)],
        "occurred_at": ["2026-03-01"] * 400,
        "campaign": ["spring"] * 400,
    }
    log = crm.Events(sent, visitor_id="customer_id", customer_id="customer_id", campaign="campaign")
    # All who were written to buy, and half of the others.
    bought = [who for at, who in enumerate(people) if at % 4 or at % 8 == 0]
    rows = {"customer_id": bought, "ordered_at": ["2026-03-05"] * 350, "amount": [100] * 350}
    early = {"customer_id": people, "ordered_at": ["2025-03-05"] * 400, "amount": [100] * 400}
    shop = crm.Orders({name: early[name] + rows[name] for name in rows}, currency="JPY")
    page = crm.report(shop, log, as_of="2026-04-30")
    found = page._site.behavior.worked.effects.rows()[0]
    assert (found["sent"], found["held_out"]) == (300, 100)
    assert (found["sent_mean"], found["held_out_mean"]) == (1.0, 0.5)
    one = {name: values[1:2] for name, values in sent.items()}
    named = {"visitor_id": "customer_id", "customer_id": "customer_id", "campaign": "campaign"}
    nobody = crm.Events(one, **named)
    text = crm.report(shop, nobody, as_of="2026-04-30").to_html()
    assert "nobody who was held out" in text

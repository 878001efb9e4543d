"""Words that the user says and that the data do not have; kinds in the words of either side."""

import pytest
from test_meaning import frame, noted, totals, warned

import crm_core as crm
from crm_core import _cli

ORDERS = (
    "order_id,customer_id,order_date,total,status,type\n"
    "1,a,2024-01-13,100,paid,sale\n2,0,2024-01-14,50,paid,refund"
)
LOG = """
visitor_id,time,event_type,action
1,2026-03-01T10:00,event,look
1,2026-03-01T10:05,event,basket
2,2026-03-01T11:00,event,look
"""
KINDS = {"look": "view", "basket": "add"}


def read(**options):
    return crm.read_orders(frame(ORDERS), **{"currency": "USD", **options})


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"guest_id": ["0", "x1"]}, "guest_id names x1, which no cell says"),
        ({"status_map": {"payed": "completed"}}, "status_map names payed.*near it are: paid"),
        ({"refund_rows": {"type": ["Refund", "refnd"]}}, "names refnd.*near it are: refund"),
    ],
)
def test_words_that_no_cell_says_are_warned_of(said, told):
    with pytest.raises(crm.DataError, match=told):
        read(strict=True, **{"guest_id": ["0"], **said})
    assert "which no cell says" in warned(read(**said))


def test_words_that_cells_say_are_not():
    found = read(guest_id=["0"], status_map={"PAID": "completed"}, refund_rows={"type": "Refund"})
    assert not warned(found) and totals(found) == {"a": 100}
    numbers = {"customer_id": [0, 7], "order_date": ["2024-01-13"] * 2, "total": [1, 2]}
    found = crm.read_orders(numbers, currency="USD", guest_id=["0", "9"])
    assert "names 9," in warned(found) and totals(found) == {7: 2}


def test_kinds_that_no_event_is_are_warned_of():
    events = crm.read_events(frame(LOG), kinds={**KINDS, "baskt": "add"})
    assert "kinds names baskt, which no cell says; near it are: basket" in warned(events)


def test_a_column_of_one_kind_is_left_for_one_that_tells():
    events = crm.read_events(frame(LOG), kinds=KINDS)
    assert events.understanding.choices[2].value == "action"
    assert '"event_type" is the same in all rows' in noted(events)
    given = crm.read_events(frame(LOG), kind="event_type")
    assert given.understanding.choices[2].value == "event_type"
    one = frame(LOG.replace("basket", "look"))
    assert crm.read_events(one, kinds=KINDS).understanding.choices[2].value == "event_type"


def test_names_of_people_are_no_kinds():
    people = LOG.replace("action", "name").replace("event,look", "view,Taro")
    events = crm.read_events(frame(people.replace("event,basket", "view,Hanako")))
    assert events.understanding.choices[2].value == "event_type"
    assert "Taro" not in str(events.understanding)
    telling = LOG.replace("action", "name").replace("look", "Product Viewed")
    events = crm.read_events(frame(telling))
    assert events.understanding.choices[2].value == "name"


def test_a_second_column_with_more_known_kinds_is_said():
    both = LOG.replace("event,look", "click,view").replace("event,basket", "tap,cart")
    events = crm.read_events(frame(both))
    assert '"action" holds known kinds of events too (view, cart)' in warned(events)
    assert not warned(crm.read_events(frame(both), kind="event_type"))
    assert not warned(crm.read_events(frame(both), kind="action"))


@pytest.mark.parametrize("build", [crm.read_events, crm.Events])
def test_steps_are_the_logs_words_or_what_they_mean(build):
    data = {
        "visitor_id": [1, 1, 2],
        "occurred_at": ["2026-03-01T10:00", "2026-03-01T10:05", "2026-03-01T11:00"],
        "kind": ["look", "basket", "look"],
    }
    events = build(data, kinds=KINDS, timezone="UTC")
    for steps in (["look", "basket"], ["view", "add"], ["look", "add"]):
        for some in (events, events.view({"kind": ["look", "basket"]})):
            found = crm.funnel(some, steps=steps)
            assert found["reached"].tolist() == [2, 1]
            assert found["name"].tolist() == steps
        assert crm.run("funnel", events, {"steps": steps})["reached"].tolist() == [2, 1]
        assert crm.sequence_totals(events, steps=steps)["matched_units"].tolist() == [1]
    with pytest.raises(crm.OptionError, match=r'`basket` \(means "add"\)'):
        crm.funnel(events, steps=["look", "purchase"])
    # A word of the log goes before a meaning of the same name.
    both = build({**data, "kind": ["look", "add", "basket"]}, kinds=KINDS, timezone="UTC")
    assert crm.funnel(both, steps=["look", "add"])["reached"].tolist() == [1, 1]
    assert crm.funnel(both, steps=["add"])["reached"].tolist() == [1]


def test_the_command_takes_meanings_as_steps_of_sequences(tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_text(LOG.strip())
    given = ["run", "sequence_totals", str(path), "-q", "--option", 'steps=["view","add"]']
    kinds = [part for one in KINDS.items() for part in ("--event-kind", "=".join(one))]
    assert _cli.main([*given, *kinds]) == 0
    assert capsys.readouterr().out.count("\n") == 2

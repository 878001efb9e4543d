"""`crm.Events` from Python: every form of input, appended days, moments, and what is refused."""

import datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import crm_core as crm

LOG = {
    "visitor_id": ["a", "a", "a", "b", "b"],
    "occurred_at": [
        datetime.datetime.fromisoformat(text)
        for text in (
            "2026-03-01T23:50:00",
            "2026-03-02T00:05:00",
            "2026-03-02T00:10:00",
            "2026-03-02T10:00:00",
            "2026-03-05T10:00:00",
        )
    ],
    "kind": ["view", "add", "purchase", "view", "view"],
    "page": ["/", "/p", "/thanks", "/", "/"],
    "member": [None, None, "c1", None, None],
}


def events(log=LOG, **more):
    said = {"customer_id": "member", "page": "page", "timezone": "Asia/Tokyo", **more}
    return crm.Events(log, **said)


def test_every_form_of_input_is_the_same_log():
    forms = [
        LOG,
        pd.DataFrame(LOG),
        pl.DataFrame(LOG),
        pl.DataFrame(LOG).lazy(),
        pa.table(LOG),
        pd.DataFrame(LOG).astype({"kind": "category", "page": "category"}),
    ]
    expected = pa.table(crm.sessions(events()))
    for form in forms:
        found = pa.table(crm.sessions(events(form)))
        assert found.to_pylist() == expected.to_pylist()
    assert repr(events()) == (
        "<crm_core.Events, 5 events of 2 visitors, 2026-03-01 to 2026-03-05, Asia/Tokyo>"
    )


def test_sessions_know_midnight_and_the_customer_before_and_after():
    table = crm.sessions(events()).to_dict()
    assert table["customer_id"] == ["c1", None, None]
    assert table["started_at"][0].isoformat() == "2026-03-01T23:50:00+09:00"
    split = crm.sessions(events(), split_at_midnight=True)
    assert split.to_dict()["events"] == [1, 2, 1, 1]
    early = crm.sessions(events(), datetime.datetime(2026, 3, 2, 0, 6)).to_dict()
    assert (early["customer_id"], early["events"]) == ([None], [2])


def test_a_day_appended_is_the_log_built_at_once():
    rows = pd.DataFrame(LOG)
    history, day = events(rows[:3]), events(rows[3:])
    both = history.concat(day)
    assert (len(both), both.n_visitors) == (5, 2)
    assert (both.first_date, both.last_date) == (
        datetime.date(2026, 3, 1),
        datetime.date(2026, 3, 5),
    )
    for task, options in [
        ("sessions", {}),
        ("funnel", {"steps": ["view", "add", "purchase"]}),
        ("cart_abandonment", {}),
    ]:
        assert pa.table(crm.run(task, both, options)).equals(
            pa.table(crm.run(task, events(), options))
        )
    with pytest.raises(crm.OptionError, match="same columns, settings and zone"):
        history.concat(events(rows[3:], timezone="UTC"))
    with pytest.raises(TypeError, match=r"expected crm_core\.Events"):
        history.concat(rows)
    numbers = {**LOG, "visitor_id": [1, 1, 1, 2, 2]}
    with pytest.raises(crm.SchemaError, match="visitor_id"):
        history.concat(events(numbers))


def test_a_view_and_a_scope():
    chosen = events().view({"page": "/"})
    assert len(chosen) == 3
    assert len(crm.sessions(events(), where={"page": "/"})) == 3
    by = crm.page_exits(events(), by=["first_page"]).to_dict()
    assert by["first_page"] == ["/"]
    with pytest.raises(crm.SchemaError, match="did you mean `page`"):
        events().view({"pages": "/"})


@pytest.mark.parametrize(
    ("changed", "raised", "message"),
    [
        ({"visitor_id": ["a", None, "a", "b", "b"]}, crm.DataError, "row 1: no value"),
        ({"kind": ["view", "add", None, "view", "view"]}, crm.DataError, "row 2: no value"),
        ({"occurred_at": [*LOG["occurred_at"][:4], None]}, crm.DataError, "row 4: no value"),
        ({"pieces": [1, 1, -1, 1, 1]}, crm.DataError, "row 2: expected a quantity from 0"),
    ],
)
def test_bad_rows_are_named_or_counted(changed, raised, message):
    more = {"quantity": "pieces"} if "pieces" in changed else {}
    with pytest.raises(raised, match=message):
        events({**LOG, **changed}, **more)
    kept = events({**LOG, **changed}, bad_rows="drop", **more)
    assert (len(kept), kept.rows_left_out) == (4, 1)


def test_what_events_and_their_analyses_refuse():
    with pytest.raises(crm.SchemaError, match="expected a date or a timestamp"):
        events({**LOG, "occurred_at": [20260301] * 5})
    with pytest.raises(crm.SchemaError, match="pages"):
        events(page="pages")
    with pytest.raises(crm.OptionError, match="currency"):
        events({**LOG, "yen": [1] * 5}, amount="yen")
    with pytest.raises(crm.OptionError, match="1 to 32 steps"):
        crm.funnel(events(), steps=["view"] * 33)
    with pytest.raises(crm.OptionError, match="longer than zero"):
        crm.funnel(events(), steps=["view"], window=0)
    with pytest.raises(crm.OptionError, match="optional steps only in the modes"):
        steps = ["view", {"kind": "add", "optional": True}, "purchase"]
        crm.funnel(events(), steps=steps, mode="unordered")
    strange = events({**LOG, "kind": ["look", "basket", "buy", "look", "look"]})
    with pytest.raises(crm.OptionError, match="kinds present are 3 that have no meaning yet"):
        crm.cart_abandonment(strange)
    named = {"look": "view", "basket": "add", "buy": "purchase"}
    said = events({**LOG, "kind": ["look", "basket", "buy", "look", "look"]}, kinds=named)
    assert crm.cart_abandonment(said).to_dict()["carts"] == [1]


@pytest.mark.parametrize("analysis", [crm.sessions, crm.page_exits, crm.cart_abandonment])
def test_a_frame_where_events_are_wanted_is_told_so(analysis):
    with pytest.raises(crm.CrmError) as caught:
        analysis(pd.DataFrame(LOG))
    assert "crm.Events(" in f"{caught.value} {caught.value.hint or ''}"


def test_events_from_the_future_are_counted_and_not_seen():
    table = crm.page_exits(events(), "2026-03-02")
    assert table.notes["events_after_as_of"] == 1
    assert table.to_dict()["views"] == [2]
    empty = events({name: [] for name in LOG})
    assert (len(empty), empty.first_date, len(crm.sessions(empty))) == (0, None, 0)


def test_browsing_by_several_columns():
    log = {
        "visitor_id": ["a", "a", "b"],
        "occurred_at": [datetime.datetime(2026, 3, day, 10) for day in (1, 1, 2)],
        "kind": ["product_view", "add", "product_view"],
        "product": ["p", "p", "p"],
        "channel": ["mail", "mail", "search"],
    }
    some = crm.Events(log, product="product", channel="channel")
    table = crm.browse_rates(some, "2026-03-31", by=["product", "channel"]).to_dict()
    assert (table["product"], table["channel"]) == (["p", "p"], ["mail", "search"])
    assert (table["browses"], table["abandoned_browses"], table["carted_browses"]) == (
        [1, 1],
        [0, 1],
        [1, 0],
    )

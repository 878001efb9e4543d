"""Every layout of `crm_core/layouts` on an export of its platform, against totals made by hand.

The files are `layouts/<id>.csv` (or .txt, .tsv) in the platform's encoding, with the documented
headings and invented orders; `layouts/expected.d/<id>.toml` holds what they come to, and why.
"""

import contextlib
import csv
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

import crm_core
from crm_core import _cli
from crm_core._cli_files import read, settings_of
from crm_core._cli_options import parser
from crm_core._problem import Problem
from crm_core._reading import layouts, statuses

FOLDER = Path(__file__).parent / "layouts"
IDS = sorted(layouts.shipped())
READ = [one for one in IDS if not layouts.shipped()[one].refuses]
FORMS = (".csv", ".txt", ".tsv", ".jsonl")
NO_PAGE = "headings as seen in exports, no page"
FILES = {path.stem: path for path in FOLDER.glob("*.*") if path.suffix in FORMS}


@contextlib.contextmanager
def _quiet():
    yield lambda key, **values: lambda share: None


def _understood(ident):
    """The file of a layout as the command reads it, with the arguments of its case."""
    case = tomllib.loads((FOLDER / "expected.d" / f"{ident}.toml").read_text("utf-8"))
    task = "page_exits" if layouts.shipped()[ident].reads == "events" else "rfm"
    given = ["run", task, str(FILES[ident]), *case.get("arguments", [])]
    options = parser().parse_args(given)
    reads = layouts.shipped()[ident].reads
    with _quiet() as stage:
        return case, *read(reads, options, settings_of(options), stage)


@pytest.mark.parametrize("ident", [one for one in READ if layouts.shipped()[one].reads == "orders"])
def test_an_export_comes_to_the_totals_made_by_hand(ident):
    case, loaded, orders = _understood(ident)
    assert loaded.layout is not None and loaded.layout.id == ident
    # What a layout leaves out is said where it gives money back.
    beside = [one for one in loaded.warnings if not one.code.startswith("refunds_left_out")]
    assert beside == [], "a column that does not matter is in the layout's ignore"
    counted = crm_core.rfm(orders).to_dict()
    by_customer = {
        str(name): Decimal(str(revenue)).normalize()
        for name, revenue in zip(counted["customer_id"], counted["revenue"], strict=True)
    }
    expected = {name: Decimal(text).normalize() for name, text in case["by_customer"].items()}
    assert by_customer == expected, case["why"]
    assert len(by_customer) == case["customers"]
    rows = orders.reconciliation.to_dict()
    found = dict(zip(rows["reason"], rows["orders"], strict=True))
    assert sum(by_customer.values()) == Decimal(case["revenue"]), case["why"]
    assert found["counted"] == case["orders"], case["why"]


@pytest.mark.parametrize("ident", [one for one in READ if layouts.shipped()[one].reads == "events"])
def test_a_log_comes_to_the_counts_made_by_hand(ident):
    case, loaded, events = _understood(ident)
    assert loaded.layout is not None and loaded.layout.id == ident
    assert len(events) == case["events"], case["why"]
    known = loaded.arguments["kinds"]
    counts: dict[str, int] = {}
    for word in loaded.table[loaded.arguments["kind"]].to_pylist():
        if word in known:
            counts[known[word]] = counts.get(known[word], 0) + 1
    assert counts == case["kinds"], case["why"]
    visitors = loaded.table[loaded.arguments["visitor_id"]].to_pylist()
    assert len(set(visitors) - {None}) == case["visitors"], case["why"]


@pytest.mark.parametrize("ident", IDS)
def test_a_layout_is_documented_and_has_a_case(ident):
    layout = layouts.shipped()[ident]
    # The library's own names are documented here.
    own = (
        layout.source.startswith("docs/") and (Path(__file__).parents[2] / layout.source).is_file()
    )
    page = layout.source.startswith(("https://", "http://"))
    assert page or own or layout.source == NO_PAGE
    if ident in READ:
        assert ident in FILES and (FOLDER / "expected.d" / f"{ident}.toml").is_file()
    for headings in layout.identify:
        assert headings, "an empty list would fit every file"
        documented = set(map(layouts.fold, layout.headings))
        assert set(map(layouts.fold, headings)) <= documented
    named = {name for names in layout.roles.values() for name in names}
    assert layout.reads in ("orders", "events") and named


@pytest.mark.parametrize("ident", IDS)
def test_the_documented_headings_are_of_this_layout_alone(ident):
    layout = layouts.shipped()[ident]
    found = layouts.detect(layout.headings, layout.reads)
    assert found is not None and found.id == ident
    lists = [
        (one.id, frozenset(map(layouts.fold, headings)))
        for one in layouts.shipped().values()
        if one.reads == layout.reads
        for headings in one.identify
    ]
    own = {headings for name, headings in lists if name == ident}
    assert not own & {headings for name, headings in lists if name != ident}


@pytest.mark.parametrize("ident", sorted({*IDS} - {*READ}))
def test_a_layout_that_is_not_read_says_why_and_what_to_read(ident, tmp_path):
    layout = layouts.shipped()[ident]
    read = crm_core.read_orders if layout.reads == "orders" else crm_core.read_events
    rows = {name: ["1", "2"] for name in layout.headings}
    with pytest.raises(crm_core.DataError) as caught:
        read(rows)
    assert str(caught.value).startswith(f"the headings are those of {layout.name}: ")
    assert layout.refuses in str(caught.value)


def test_words_of_translations_have_one_meaning_each_and_a_source():
    seen: dict[str, str] = {}
    for one in layouts.words()["state_words"]:
        assert one["source"].startswith("https://"), one["of"]
        assert {*one} - {"of", "source", "partial"} <= {*layouts.MEANINGS}
        for meaning in {*one} - {"of", "source"}:
            for word in one[meaning]:
                folded = layouts.fold_word(word)
                assert folded not in seen, word
                seen[folded] = "completed" if meaning == "partial" else meaning
    assert len(seen) > 600
    general = statuses.general()
    assert {word: general[word] for word in seen} == seen


# A state in a language of each platform, and what an order of 5 comes to beside one of 7.
TRANSLATED = [
    ("Betalningsfel", 7),  # PrestaShop, Swedish: the payment failed
    ("Preparação em curso", 12),  # PrestaShop, Portuguese: in preparation
    ("Atšauktas", 7),  # Magento, Lithuanian: cancelled
    ("Přijatá platba se ověřuje", None),  # no platform's word: asked about
    ("Tilbagebetalt", 7),  # WooCommerce, Danish: given back
    ("Částečně vráceno", 12),  # Shopware, Czech: a part came back
]


@pytest.mark.parametrize(("word", "revenue"), TRANSLATED)
def test_a_state_in_a_platforms_language_is_understood(word, revenue):
    rows = {
        "order_id": ["1", "2"],
        "customer_id": ["a", "b"],
        "order_date": ["2026-01-05", "2026-01-06"],
        "total": ["5", "7"],
        "status": [word, "completed"],
    }
    if revenue is None:
        with pytest.raises(ValueError, match="status"):
            crm_core.read_orders(rows, currency="EUR")
        return
    found = crm_core.rfm(crm_core.read_orders(rows, currency="EUR"))
    assert sum(found.to_dict()["revenue"]) == revenue


def test_a_refused_layout_is_read_by_named_columns():
    names = layouts.shipped()["amazon_settlement"].headings
    rows = {name: ["x", "y"] for name in names}
    rows |= {"posted-date": ["2024-01-05", "2024-01-06"], "currency": ["USD", "USD"]}
    rows |= {"amount": ["5", "7"], "quantity-purchased": ["1", "1"]}
    found = crm_core.read_orders(
        rows, customer_id="sku", ordered_at="posted-date", amount="amount", order_id="", status=""
    )
    assert crm_core.rfm(found)["revenue"].tolist() == [5, 7]


def test_the_command_lists_and_prints_layouts(capsys):
    assert _cli.main(["layouts"]) == 0
    listed = capsys.readouterr().out
    assert _cli.main(["layouts", IDS[0]]) == 0
    assert capsys.readouterr().out == layouts.shipped()[IDS[0]].text
    assert IDS[0] in listed
    assert _cli.main(["layouts", "nowhere"]) == 2
    assert "there is no layout nowhere" in capsys.readouterr().err


OWN = """
name = "Till"
reads = "orders"
identify = [["Bon", "Karte"]]
[roles]
order_id = "Bon"
customer_id = "Karte"
ordered_at = "Tag"
amount = "Wert"
[amount]
is = "line"
"""


def test_a_layout_of_ones_own_is_followed(tmp_path, capsys):
    (tmp_path / "till.toml").write_text(OWN, "utf-8")
    (tmp_path / "till.csv").write_text(
        "Bon,Karte,Tag,Wert\n1,k1,2024-01-05,5.00\n1,k1,2024-01-05,5.00\n", "utf-8"
    )
    given = [str(tmp_path / "till.csv"), "--currency", "EUR"]
    assert _cli.main(["run", "rfm", *given, "--layout", str(tmp_path / "till.toml")]) == 0
    assert ",10" in capsys.readouterr().out
    (tmp_path / "till.toml").write_text(OWN.replace('"Wert"', '"Werte"'), "utf-8")
    assert _cli.main(["run", "rfm", *given, "--layout", str(tmp_path / "till.toml")]) == 3
    said = capsys.readouterr().err
    assert 'layout till: amount is "Werte"' in said and 'Did you mean "Wert"?' in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('name = "Till"', ""), "name is missing"),
        (('is = "line"', 'is = "sum"'), "amount.is is 'sum'"),
        (('order_id = "Bon"', 'ordernumber = "Bon"'), "roles is 'ordernumber'"),
        (("[roles]", "[rules]\n[roles]"), "there is no key rules"),
        (("[amount]", '[status]\n"x" = "gone"\n[amount]'), "status.\"x\" is 'gone'"),
        (("[roles]", "[roles"), "not TOML"),
    ],
)
def test_a_fault_in_a_layout_is_named(tmp_path, change, message):
    (tmp_path / "till.toml").write_text(OWN.replace(*change), "utf-8")
    with pytest.raises(Problem) as caught:
        layouts.named(str(tmp_path / "till.toml"))
    assert message in caught.value.message


CONTAIN = [one for one in READ if layouts.shipped()[one].amount_contains]


@pytest.mark.parametrize("ident", CONTAIN)
def test_money_that_the_amount_contains_counts_once(ident):
    """Each such layout names the column, and no basis adds or takes it off a second time."""
    layout = layouts.shipped()[ident]
    assert set(layout.amount_contains) <= set(layout.roles)
    _, loaded, orders = _understood(ident)
    assert not set(layout.amount_contains) & set(loaded.arguments)
    if "shipping" in layout.amount_contains:
        with pytest.raises(ValueError, match="shipping"):
            crm_core.rfm(orders, basis="net_shipping")


# 2,000 of goods, 200 off, 500 of postage: 2,300 paid.
EC_CUBE = """注文番号,会員ID,受注日,対応状況(名称),小計,値引き,送料,支払合計
1,7,2024-01-05 10:00:00,発送済み,2000,200,500,2300
"""


def test_a_discount_that_the_total_is_after_is_not_taken_off_again(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(EC_CUBE, "cp932")
    orders = crm_core.read_orders(path)
    assert orders.understanding.layout == "eccube4"
    assert crm_core.rfm(orders).to_dict()["revenue"] == [2300]
    assert "after" in str(orders.understanding) and "200" in str(orders.understanding)


def test_a_column_that_the_amount_contains_is_refused_as_an_option():
    path = FILES["minne"]
    with pytest.raises(ValueError, match="contain it already"):
        crm_core.read_orders(path, shipping="注文の送料")
    # With another amount it is money beside the amount.
    orders = crm_core.read_orders(
        path, amount="注文の販売価格", amount_is="order", shipping="注文の送料"
    )
    assert crm_core.rfm(orders, basis="net_shipping").to_dict()["revenue"]


def test_a_layout_says_what_it_does_not_take_off(tmp_path):
    text = FILES["gumroad_sales"].read_text("utf-8").splitlines()
    head = text[0].split(",")
    at = head.index("Disputed?")
    rows = [line.split(",") for line in text]
    assert all(len(row) == len(head) for row in rows), "no quoted commas in this file"
    for value, warned in (("0", False), ("", False), ("1", True)):
        rows[1][at] = value
        path = tmp_path / "sales.csv"
        path.write_text("\n".join(map(",".join, rows)), "utf-8")
        said = crm_core.read_orders(path).understanding.warnings
        assert any("Dispute Won?" in one for one in said) == warned


def _with(ident, tmp_path, heading, values):
    """A layout's file with other values in a column of its rows."""
    with FILES[ident].open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    for row, value in zip(rows, values, strict=False):
        row[head.index(heading)] = value
    path = tmp_path / "changed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


# What each layout says of a column: the values, what is said, the option that it names, and the
# revenue without and with the option, by hand from the file's rows.
SAYS = [
    # 65 + 33 + 15; of the adjusted totals 60 + 33 + 15.
    ("etsy_orders", "Adjusted Order Total", ["60.00", "33.00", "0.00", "15.00"],
     "what was refunded shows in this total only", {"amount": "Adjusted Order Total"}, 113, 108),
    # 65 + 33 + 15: a disputed payment counts.
    ("gumroad_sales", "Disputed?", ["1"], "disputed payments count", {}, None, None),
    ("gumroad_sales", "Pre-order authorization?", ["1"], "pre-orders count", {}, None, None),
    # 20 + 20 + 30 + 10, and a voucher of 3 on an order of two lines.
    ("shopee_orders", "Seller Voucher", ["3.00", "3.00"], "vouchers that the seller pays",
     {"discount": "Seller Voucher"}, 80, 77),
    ("shopee_orders", "Seller Absorbed Coin Cashback", ["2.00", "2.00"],
     "cashback that the seller pays is not taken off", {}, 80, None),
    # 200 + 200 + 300
    ("shopee_orders_th", "โค้ดส่วนลดชำระโดยผู้ขาย", ["30.00", "30.00"],
     "vouchers that the seller pays", {"discount": "โค้ดส่วนลดชำระโดยผู้ขาย"}, 700, 670),
    # 125,000 + 150,000, and a voucher of 5,000 on the order of two lines.
    ("shopee_orders_id", "Voucher Ditanggung Penjual", ["5.000", "5.000"],
     "vouchers that the seller pays", {"discount": "Voucher Ditanggung Penjual"}, 275000, 270000),
    ("tokopedia_orders", "Nilai Kupon Toko Terpakai (IDR)", ["5000", "5000"],
     "the shop's coupons", {"discount": "Nilai Kupon Toko Terpakai (IDR)"}, 275000, 270000),
    ("tokopedia_orders", "Total Pengurangan (IDR)", ["5000"], "what was taken out of an order", {},
     275000, None),
    # 21,000 + 15,000 + 30,000, and what was taken off two lines.
    ("elevenst_orders", "판매자기본할인금액", ["1000", "500"], "discounts that the seller gives",
     {"discount": "판매자기본할인금액"}, 66000, 64500),
    ("elevenst_orders", "판매자 추가할인금액", ["1000", "500"], "further discounts that the seller",
     {"discount": "판매자 추가할인금액"}, 66000, 64500),
    ("woocommerce_table", "parent_order_id", ["0", "101"], "refunds name no customer", {}, 84,
     None),
]  # fmt: skip


@pytest.mark.parametrize(("ident", "heading", "values", "says", "option", "plain", "used"), SAYS)
def test_what_a_layout_says_of_a_column_is_true(
    tmp_path, ident, heading, values, says, option, plain, used
):
    path = _with(ident, tmp_path, heading, values)
    given = {
        "shopee_orders": {"currency": "SGD"},
        "shopee_orders_id": {"decimal": ","},
    }.get(ident, {})
    orders = crm_core.read_orders(path, **given)
    told = next(one for one in orders.understanding.warnings if says in one)
    assert told.startswith(
        f'"{heading}" holds something in {len([v for v in values if float(v)])} rows'
    )

    def revenue(found):
        return float(sum(crm_core.rfm(found).to_dict()["revenue"]))

    unchanged = crm_core.read_orders(FILES[ident], **given)
    assert revenue(orders) == revenue(unchanged)  # nothing is taken off
    if plain is not None:
        assert revenue(orders) == plain
    for name, value in option.items():
        assert f'{name}="{value}"' in told
        assert revenue(crm_core.read_orders(path, **option, **given)) == used


def test_every_sentence_of_a_layout_is_held_by_a_test():
    held = {(one[0], one[1]) for one in SAYS}
    said = {(one.id, name) for one in layouts.shipped().values() for name in one.says}
    assert said == held


def test_stripes_charges_in_a_warehouse_are_of_customers(tmp_path):
    path = tmp_path / "charge.csv"
    path.write_text(
        "id,_fivetran_synced,amount,amount_refunded,captured,created,currency,customer_id,"
        "livemode,paid,receipt_email,refunded,status\n"
        "ch_1,2026-02-01 00:00:00,6000,1000,TRUE,2026-01-05 09:00:00,usd,cus_1,TRUE,TRUE,,FALSE,"
        "succeeded\n"
        "ch_2,2026-02-01 00:00:00,3100,0,TRUE,2026-01-15 09:00:00,usd,cus_2,TRUE,TRUE,,FALSE,"
        "succeeded\n",
        encoding="utf-8",
    )
    counted = crm_core.rfm(crm_core.read_orders(path)).to_dict()
    assert dict(zip(counted["customer_id"], map(float, counted["revenue"]), strict=True)) == {
        "cus_1": 50,  # 60 - 10, in cents
        "cus_2": 31,
    }

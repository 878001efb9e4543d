"""Which column of an export is which: the exports of known carts, and files made by hand."""

import pytest

from crm_core._problem import Problem
from crm_core._reading import layouts, statuses
from crm_core._reading.headings import (
    amount_kind,
    choose,
    currency_in,
    is_japanese,
    known_count,
)

SHOPIFY = [
    *("Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Accepts Marketing"),
    *("Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount"),
    *("Shipping Method", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price"),
    *("Billing Name", "Notes", "Cancelled at", "Payment Method", "Refunded Amount", "Vendor"),
    *("Id", "Tags", "Source"),
]
EC_CUBE_4 = [
    *("注文ID", "注文番号", "会員ID", "メールアドレス", "小計", "合計", "支払合計"),
    *("対応状況(ID)", "対応状況(名称)", "注文日", "商品名", "価格", "数量"),
]
CARTS = {
    "shopify_orders": (SHOPIFY, "Email", "Created at", "Total", "Name", "Financial Status"),
}


@pytest.mark.parametrize("ident", CARTS)
def test_the_export_of_a_known_cart_is_understood(ident):
    headings, *expected = CARTS[ident]
    layout = layouts.detect(headings, "orders")
    assert layout is not None and layout.id == ident
    chosen = choose(headings, {}, layout)
    roles = ("customer_id", "ordered_at", "amount", "order_id", "status")
    assert [chosen[role].value if role in chosen else None for role in roles] == expected
    assert {choice.reason for choice in chosen.values()} == {"layout"}


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ("customer_id,order_date,amount", ("customer_id", "order_date", "amount")),
        ("CustomerID,InvoiceDate,Revenue", ("CustomerID", "InvoiceDate", "Revenue")),
        ("id,user_id,created_at,total_price", ("user_id", "created_at", "total_price")),
        ("顧客ID,購入日,購入金額", ("顧客ID", "購入日", "購入金額")),
        ("会員ID,受注日,合計金額(税込)", ("会員ID", "受注日", "合計金額(税込)")),
        ("会員ID,受注日時,金額(円)", ("会員ID", "受注日時", "金額(円)")),
        ("customer id ,Order Date,Amount_USD", ("customer id ", "Order Date", "Amount_USD")),
    ],
)
def test_files_made_by_hand_are_understood(headings, expected):
    chosen = choose(headings.split(","), {})
    assert tuple(chosen[role].value for role in ("customer_id", "ordered_at", "amount")) == expected


def test_a_name_is_an_order_number_in_shopify_only():
    chosen = choose(["Name", "customer_id", "date", "amount"], {})
    assert "order_id" not in chosen


def test_what_the_user_says_goes_first_and_is_found_but_for_case_and_width():
    chosen = choose(SHOPIFY, {"amount": "subtotal", "customer_id": "Ｅｍａｉｌ", "status": ""})
    assert chosen["amount"].value == "Subtotal"
    assert chosen["amount"].reason == "given"
    assert chosen["customer_id"].value == "Email"
    assert "status" not in chosen


def test_a_missing_column_names_those_present_and_the_option():
    with pytest.raises(Problem) as caught:
        choose(["kaiin", "日付", "金額"], {})
    assert "customer_id" in caught.value.message
    assert '"kaiin", "日付", "金額"' in caught.value.message
    assert caught.value.hint.startswith("Say which column it is with --customer-id. ")


def test_a_misspelt_column_is_guessed_at():
    with pytest.raises(Problem) as caught:
        choose(SHOPIFY, {"amount": "Totall"})
    assert 'no column "Totall"' in caught.value.message
    assert caught.value.hint == 'Did you mean "Total"?'


def test_a_price_without_a_quantity_is_no_amount():
    with pytest.raises(Problem, match="looks like the price of one piece"):
        choose(["顧客ID", "受注日", "単価"], {})
    chosen = choose(["顧客ID", "受注日", "単価", "数量"], {})
    assert chosen["amount"].value == "単価"
    assert chosen["quantity"].value == "数量"


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("支払合計", "order"),
        ("合計金額（税込）", "order"),
        ("Total", "order"),
        ("Grand Total", "order"),
        ("小計", "subtotal"),
        ("Subtotal", "subtotal"),
        ("Line Total", "line"),
        ("単価", "unit"),
        ("Lineitem price", "price"),
        ("Item Price", "item_price"),
        ("金額", "row"),
        ("Gesamtbetrag (EUR)", "order"),
        ("Prix unitaire", "unit"),
        ("nothing", ""),
    ],
)
def test_a_heading_says_what_an_amount_is(heading, kind):
    assert amount_kind(heading) == kind


@pytest.mark.parametrize(
    ("heading", "currency"),
    [
        ("金額(円)", "JPY"),
        ("金額（円）", "JPY"),
        ("amount_usd", "USD"),
        ("Total (EUR)", "EUR"),
        ("amount", ""),
        ("Eurostar", ""),
    ],
)
def test_a_heading_names_a_currency(heading, currency):
    assert currency_in(heading) == currency


def test_japanese_headings_are_told_from_english_ones():
    assert is_japanese(["id", "受注日"])
    assert is_japanese(["ﾒｰﾙ"])
    assert not is_japanese(SHOPIFY)


def test_known_headings_tell_an_encoding_from_one_that_merely_decodes():
    right, wrong = EC_CUBE_4, [h.encode("euc_jp").decode("cp932", "replace") for h in EC_CUBE_4]
    assert known_count(right) > known_count(wrong)


def test_the_words_of_carts_have_their_meaning():
    known, unknown = statuses.meanings(
        ["paid", "Voided", "wc-on-hold", "発送済み", "注文取消し", "返品", "決済処理中", "ﾃｽﾄ"],
        None,
        {},
    )
    assert unknown == []
    assert known == {
        "paid": "completed",
        "Voided": "cancelled",
        "wc-on-hold": "pending",
        "発送済み": "completed",
        "注文取消し": "cancelled",
        "返品": "returned",
        "決済処理中": "not_ordered",
        "ﾃｽﾄ": "test",
    }


def test_numbers_have_a_meaning_in_their_own_cart_only():
    layout = layouts.shipped()["eccube2"]
    assert statuses.meanings(["3", "7"], layout, {})[0] == {"3": "cancelled", "7": "not_ordered"}
    assert statuses.meanings(["3"], None, {}) == ({}, ["3"])


def test_an_unknown_word_is_never_guessed_at_and_the_users_word_goes_first():
    assert statuses.meanings(["おまかせ", "paid"], None, {}) == (
        {"paid": "completed"},
        ["おまかせ"],
    )
    known, unknown = statuses.meanings(
        ["paid", "おまかせ"], None, {"Paid": "test", "おまかせ": "pending"}
    )
    assert (known, unknown) == ({"paid": "test", "おまかせ": "pending"}, [])


def test_a_word_means_one_thing():
    words = layouts.words()["status"]
    assert set(words) == set(statuses.MEANINGS)
    folded = [layouts.fold_word(word) for meaning in words for word in words[meaning]]
    twice = {word for word in folded if folded.count(word) > 1}
    meant = {
        word: {one for one in words if word in map(layouts.fold_word, words[one])} for word in twice
    }
    assert {word: found for word, found in meant.items() if len(found) > 1} == {}


HEADINGS = {
    "German": "Bestellnummer;Datum;Kundenemail;Gesamtbetrag;Bestellstatus;Währung",
    "French": "Numéro de commande;Date de commande;Adresse e-mail;Montant total;Statut;Devise",
    "Spanish": "Número de pedido;Fecha de pedido;Correo electrónico;Importe total;Estado;Moneda",
    "Italian": "Numero ordine;Data ordine;ID cliente;Importo totale;Stato ordine;Valuta",
    "Portuguese": "Número do pedido;Data do pedido;ID do cliente;Valor total;Situação;Moeda",
    "Dutch": "Bestelnummer;Besteldatum;Klantnummer;Totaalbedrag;Bestelstatus;Valuta",
    "Chinese": "订单编号;下单时间;会员编号;订单金额;订单状态;币种",
    "Korean": "주문번호;주문일시;회원번호;결제금액;주문상태;통화",
}


@pytest.mark.parametrize("language", HEADINGS)
def test_the_core_columns_are_known_in_other_languages(language):
    headings = HEADINGS[language].split(";")
    chosen = choose(headings, {})
    roles = ("order_id", "ordered_at", "customer_id", "amount", "status", "currency")
    assert [chosen[role].value for role in roles] == headings
    assert amount_kind(headings[3]) == "order"


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("BillMailAddress", "customer_id"),
        ("メールアドレス(請求先)", "customer_id"),
        ("buyer-email", "customer_id"),
        ("Contact email", "customer_id"),
        ("注文者のユーザーID", "customer_id"),
        ("取引相手", "customer_id"),
        ("Buyer", "customer_id"),
        ("Sale Date", "ordered_at"),
        ("Created date (UTC)", "ordered_at"),
        ("N. Revenue", "amount"),
        ("amazon-order-id", "order_id"),
    ],
)
def test_headings_of_shops_that_were_not_known(heading, role):
    others = {"customer_id": "customer_id", "ordered_at": "order_date", "amount": "amount"}
    headings = [heading, *(name for one, name in others.items() if one != role)]
    assert choose(headings, {})[role].value == heading


def test_a_customer_goes_before_the_id_of_one_order():
    headings = ["customer_id", "customer_unique_id", "order_date", "total"]
    assert choose(headings, {})["customer_id"].value == "customer_unique_id"


def test_a_column_that_is_blank_in_all_rows_goes_last():
    headings = ["会員ID", "メールアドレス", "注文日", "合計金額"]
    chosen = choose(headings, {}, None, lambda role, name: name != "会員ID")
    assert chosen["customer_id"].value == "メールアドレス"
    assert chosen["customer_id"].reason == "first_blank"

"""Which column of an export is which: the exports of known carts, and files made by hand."""

import pytest

from crm_core._report import statuses
from crm_core._report.headings import (
    amount_kind,
    choose,
    currency_in,
    is_japanese,
    known_count,
    platform_of,
)
from crm_core._report.problem import Problem

SHOPIFY = [
    *("Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Accepts Marketing"),
    *("Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount"),
    *("Shipping Method", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price"),
    *("Billing Name", "Notes", "Cancelled at", "Payment Method", "Refunded Amount", "Vendor"),
    *("Id", "Tags", "Source"),
]
EC_CUBE_2 = [
    *("注文ID", "会員ID", "お名前(姓)", "メールアドレス", "小計", "値引き", "送料", "合計"),
    *("支払合計", "対応状況(ID)", "対応状況(名称)", "受注日", "商品名", "価格", "個数"),
]
EC_CUBE_4 = [
    *("注文ID", "注文番号", "会員ID", "メールアドレス", "小計", "合計", "支払合計"),
    *("対応状況(ID)", "対応状況(名称)", "注文日", "商品名", "価格", "数量"),
]
WOO = [
    *("order_id", "order_number", "order_date", "status", "order_total", "order_currency"),
    *("customer_id", "billing_email"),
]
MAKESHOP = [
    *("日付", "注文時間", "注文番号", "処理状況", "会員ID", "注文者", "合計金額", "商品名", "個数"),
]
FUTURESHOP = [
    *("受注コード", "注文日時", "会員ID", "請求合計金額", "商品合計金額", "商品名"),
    *("販売単価", "購入数量"),
]
RAKUTEN = [
    *("注文番号", "ステータス", "注文日時", "請求金額", "合計金額", "注文者メールアドレス"),
    *("商品名", "単価", "個数"),
]
ECFORCE = ["受注ID", "受注番号", "顧客番号", "メールアドレス", "小計", "支払い合計", "受注日"]

CARTS = {
    "Shopify": (SHOPIFY, "Email", "Created at", "Total", "Name", "Financial Status"),
    "EC-CUBE": (EC_CUBE_2, "会員ID", "受注日", "支払合計", "注文ID", "対応状況(名称)"),
    "EC-CUBE 4": (EC_CUBE_4, "会員ID", "注文日", "支払合計", "注文番号", "対応状況(名称)"),
    "WooCommerce": (WOO, "customer_id", "order_date", "order_total", "order_id", "status"),
    "MakeShop": (MAKESHOP, "会員ID", "日付", "合計金額", "注文番号", "処理状況"),
    "futureshop": (FUTURESHOP, "会員ID", "注文日時", "請求合計金額", "受注コード", None),
    "Rakuten": (RAKUTEN, "注文者メールアドレス", "注文日時", "請求金額", "注文番号", "ステータス"),
    "ecforce": (ECFORCE, "顧客番号", "受注日", "支払い合計", "受注番号", None),
}


@pytest.mark.parametrize("cart", CARTS)
def test_the_export_of_a_known_cart_is_understood(cart):
    headings, *expected = CARTS[cart]
    chosen = choose(headings, {})
    roles = ("customer_id", "ordered_at", "amount", "order_id", "status")
    assert [chosen[role].value if role in chosen else None for role in roles] == expected
    assert platform_of(headings) == cart.removesuffix(" 4")
    assert {choice.reason for choice in chosen.values()} == {"cart"}


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
    assert "--customer-id" in caught.value.hint


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
        ("単価", "unit"),
        ("Lineitem price", "unit"),
        ("金額", ""),
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
        "",
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
    assert statuses.meanings(["3", "9"], "EC-CUBE", {})[0] == {"3": "cancelled", "9": "returned"}
    assert statuses.meanings(["900"], "Rakuten", {})[0] == {"900": "cancelled"}
    assert statuses.meanings(["3"], "", {}) == ({}, ["3"])


def test_an_unknown_word_is_never_guessed_at_and_the_users_word_goes_first():
    assert statuses.meanings(["おまかせ", "paid"], "", {}) == ({"paid": "completed"}, ["おまかせ"])
    known, unknown = statuses.meanings(
        ["paid", "おまかせ"], "", {"Paid": "test", "おまかせ": "pending"}
    )
    assert (known, unknown) == ({"paid": "test", "おまかせ": "pending"}, [])


def test_every_known_word_means_something_the_library_knows():
    meant = set(statuses._WORDS.values()) | {
        m for codes in statuses._CODES.values() for m in codes.values()
    }
    assert meant <= set(statuses.MEANINGS)
    assert all(statuses._key(word) == word for word in statuses._WORDS), (
        "a key that folding changes is never found"
    )

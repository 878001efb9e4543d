"""Which column of a shop's export is which.

Headings are compared after folding (full width, case, spaces, underscores and brackets do not
count), first come first served within a role. What was chosen, and why, is shown to the user, and
every choice has an option that overrides it. Where two readings are plausible, the data decide
(`amount_is`), or nobody does: a missing role is an error that lists the headings present.

The names are those of the exports of Shopify, EC-CUBE 2 to 4, WooCommerce, MakeShop, futureshop,
Rakuten RMS, ecforce, Color Me Shop and of hand-made files in both languages.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .problem import Problem

# In the order of preference. A shop's own number for a customer goes before a mail address, a
# moment before a day, and what was paid before what was listed.
CUSTOMER_IDS = (
    "会員ID 会員番号 会員コード 会員No 顧客ID 顧客番号 顧客コード 顧客No ユーザーID "
    "ユーザID お客様ID お客様番号 お客様コード 得意先コード 購入者ID 注文者ID "
    "customer_id customer_number customer_no customer_code client_id user_id member_id "
    "buyer_id shopper_id contact_id cust_id customer_user customer customerkey "
    "Email メールアドレス 注文者メールアドレス 購入者メールアドレス e-mail email_address "
    "customer_email billing_email メール"
)
_ORDERED_AT = (
    "受注日時 注文日時 購入日時 受注日 注文日 購入日 ご注文日 ご注文日時 注文年月日 "
    "受注年月日 売上日 日付 "
    "ordered_at order_datetime order_date created_at order_created_at purchased_at "
    "purchase_date purchase_timestamp "
    "order_purchase_timestamp transaction_date invoice_date date_created order_time "
    "paid_at date datetime timestamp time"
)
_ORDER_IDS = (
    "注文番号 受注番号 注文ID 受注ID 注文コード 受注コード オーダー番号 売上ID 伝票番号 取引ID "
    "order_id order_number order_no order_name order invoice_id invoice_no invoice_number "
    "invoice transaction_id"
)
_ORDER_TOTALS = (
    "支払合計 お支払合計 支払い合計 お支払い合計 支払合計金額 お支払合計金額 支払金額 "
    "お支払金額 お支払い金額 支払い金額 請求合計金額 請求金額 ご請求金額 請求額 "
    "合計金額 注文合計 注文合計金額 注文金額 受注金額 受注合計 購入金額 購入合計 総合計 "
    "総合計金額 総額 合計 税込合計 "
    "order_total total total_price grand_total total_amount order_amount order_value "
    "amount_paid total_paid total_spent payment_amount "
    "小計 商品合計金額 商品合計 subtotal order_subtotal"
)
_LINE_AMOUNTS = (
    "金額 売上 売上金額 売上高 明細金額 商品小計 明細小計 amount revenue sales "
    "sales_amount net_sales net_amount line_total line_amount "
    "item_total extended_price total_sales value price_total dollar_value spend monetary_value"
)
_UNIT_PRICES = (
    "単価 販売単価 商品単価 価格 販売価格 商品価格 lineitem_price unit_price item_price price"
)
_QUANTITIES = (
    "数量 個数 購入数量 購入個数 注文数 注文個数 販売数 販売個数 "
    "lineitem_quantity quantity qty item_quantity units"
)
_STATUSES = (
    "対応状況(名称) 対応状況 受注状況 注文状況 処理状況 受注ステータス 注文ステータス "
    "管理ステータス ステータス 対応状況(ID) "
    "financial_status order_status status"
)
_CURRENCIES = "currency order_currency currency_code presentment_currency 通貨 通貨コード"
_REFUNDED = (
    "refunded_amount amount_refunded total_refunded refund_amount 返金額 返金金額 合計返金額"
)
_CANCELLED_AT = "cancelled_at canceled_at"
_REGISTERED_AT = (
    "登録日 会員登録日 会員登録日時 登録日時 入会日 "
    "registered_at created_at signup_date registration_date joined_at customer_since"
)

# What products and channels are called, in orders and in logs.
PRODUCTS = (
    "商品ID 商品コード 商品番号 商品名 商品 品番 SKU "
    "product_id product_code product item_id itemid item sku product_name item_name "
    "lineitem_name lineitem_sku"
)
CHANNELS = (
    "流入元 チャネル 流入チャネル 媒体 "
    "channel default_channel_group traffic_source utm_source source medium utm_medium"
)
# Read only where they are asked for. A shop is part of an order's key, and never guessed.
_FURTHER: dict[str, str] = {
    "product": PRODUCTS,
    "category": (
        "カテゴリ カテゴリー 商品カテゴリ 商品カテゴリー 商品分類 分類 "
        "category product_category category_name item_category category_code product_type"
    ),
    "channel": f"受注経路 注文経路 販売チャネル 販路 sales_channel {CHANNELS}",
    "shop": "",
}
_ROLES: dict[str, str] = {
    "customer_id": CUSTOMER_IDS,
    "ordered_at": _ORDERED_AT,
    "amount": f"{_ORDER_TOTALS} {_LINE_AMOUNTS} {_UNIT_PRICES}",
    "order_id": _ORDER_IDS,
    "status": _STATUSES,
    "quantity": _QUANTITIES,
    "currency": _CURRENCIES,
    "refunded": _REFUNDED,
    "cancelled_at": _CANCELLED_AT,
}
# Headings that together belong to one cart only.
_PLATFORMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Shopify", ("Name", "Financial Status", "Lineitem name")),
    ("EC-CUBE", ("対応状況(ID)", "会員ID")),
    ("EC-CUBE", ("対応状況(名称)", "会員ID")),
    ("EC-CUBE", ("注文ID", "会員ID", "支払合計")),
    ("WooCommerce", ("order_id", "order_currency", "order_total")),
    ("WooCommerce", ("order_id", "billing_email", "order_total")),
    ("MakeShop", ("注文番号", "処理状況", "注文時間")),
    ("futureshop", ("受注コード", "注文日時")),
    ("Rakuten", ("注文番号", "ステータス", "注文日時", "請求金額")),
    ("ecforce", ("受注番号", "顧客番号", "支払い合計")),
)
REQUIRED = ("customer_id", "ordered_at", "amount")
CATEGORIES = tuple(_FURTHER)
_CURRENCY_CODES = (
    "JPY",
    "USD",
    "EUR",
    "GBP",
    "AUD",
    "CAD",
    "CHF",
    "CNY",
    "HKD",
    "KRW",
    "SGD",
    "TWD",
    "THB",
    "INR",
    "BRL",
    "MXN",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "NZD",
)


@dataclass(frozen=True)
class Choice:
    """One line of the table that the user is shown.

    Attributes:
        role: `customer_id`, `ordered_at`, ..., also settings such as `amount_is` and `currency`.
        value: The heading, or the setting.
        reason: A code of `words.REASONS`, with what it speaks of.
        detail: What the reason speaks of: a cart's name, a heading, an encoding.
    """

    role: str
    value: str
    reason: str
    detail: str = ""


def fold(heading: str) -> str:
    """A heading without what people vary in it."""
    text = unicodedata.normalize("NFKC", heading).strip().strip("\"'*").lower()
    return re.sub(r"[\s_\-./:【】()\[\]{}・]+", "", text)


def platform_of(headings: Iterable[str]) -> str:
    """The cart whose export this is, or an empty string."""
    present = {fold(heading) for heading in headings}
    for name, signature in _PLATFORMS:
        if all(fold(one) in present for one in signature):
            return name
    return ""


def is_japanese(headings: Iterable[str]) -> bool:
    """True when some heading is written in kana or kanji."""
    return any(
        re.search(r"[ぁ-んァ-ヶ一-龠]", unicodedata.normalize("NFKC", heading))
        for heading in headings
    )


def known_count(headings: Iterable[str]) -> int:
    """How many headings some role knows: tells the right encoding from one that merely decodes."""
    known = {fold(name) for names in _ROLES.values() for name in names.split()}
    return sum(fold(heading) in known for heading in headings)


def choose(headings: Sequence[str], given: Mapping[str, str | None]) -> dict[str, Choice]:
    """A column for every role that has one.

    Args:
        headings: The file's headings.
        given: What the user said, by role; an empty string turns a role off.
    """
    platform = platform_of(headings)
    chosen = matched(headings, given, _ROLES, platform)
    for role in REQUIRED:
        if role not in chosen:
            raise Problem(
                f"no column of the file looks like {role}; the headings are: {listed(headings)}",
                f"Say which column it is, for example --{role.replace('_', '-')} "
                f'"{headings[0] if headings else role}".',
            )
    if (
        amount_kind(chosen["amount"].value) == "unit"
        and "quantity" not in chosen
        and given.get("amount") is None
    ):
        raise Problem(
            f'"{chosen["amount"].value}" looks like the price of one piece, and no column '
            f"like a quantity or a total was found",
            "Name the amount with --amount, or the quantity with --quantity.",
        )
    if platform != "Shopify" and given.get("cancelled_at") is None:
        # Elsewhere such a column may be an event of a part of the order.
        chosen.pop("cancelled_at", None)
    return chosen


def further(
    headings: Sequence[str], given: Mapping[str, str | None], wanted: Iterable[str]
) -> dict[str, Choice]:
    """Columns of categories: those that the user named, and those asked for by their role.

    Args:
        headings: The file's headings.
        given: What the user said, by role; an empty string turns a role off.
        wanted: Names of columns, roles among them.
    """
    asked = {*wanted, *(role for role, column in given.items() if column)}
    return matched(headings, given, {role: _FURTHER[role] for role in _FURTHER if role in asked})


def matched(
    headings: Sequence[str],
    given: Mapping[str, str | None],
    roles: Mapping[str, str],
    platform: str = "",
) -> dict[str, Choice]:
    """What the user said, else the first heading of each role that is there and not yet taken."""
    present: dict[str, str] = {}
    for heading in headings:
        present.setdefault(fold(heading), heading)
    for heading in headings:
        present.setdefault(fold(_bare(heading)), heading)
    chosen: dict[str, Choice] = {}
    for role, names in roles.items():
        said = given.get(role)
        if said is not None:
            if said:
                chosen[role] = Choice(role, find(said, headings, role), "given")
            continue
        taken = {choice.value for choice in chosen.values()}
        for name in _preferred(role, platform) + names.split():
            found = present.get(fold(name))
            if found is not None and found not in taken:
                chosen[role] = Choice(role, found, "cart" if platform else "heading", platform)
                break
    return chosen


def registered_at(headings: Sequence[str]) -> str | None:
    """The column of a customers' file that says when the customer registered."""
    present = {fold(heading): heading for heading in headings}
    return next(
        (present[fold(name)] for name in _REGISTERED_AT.split() if fold(name) in present), None
    )


def customer_id(headings: Sequence[str], like: str) -> str:
    """The id column of a customers' file: the orders' heading, else the best known one."""
    present = {fold(heading): heading for heading in headings}
    for name in (like, *CUSTOMER_IDS.split(), "id"):
        if fold(name) in present:
            return present[fold(name)]
    raise Problem(
        f"no column of the customers' file looks like customer_id; the headings are: "
        f"{listed(headings)}",
        f'Give the ids the heading they have in the orders\' file, "{like}".',
    )


def find(said: str, headings: Sequence[str], role: str) -> str:
    """The heading that the user named: exactly, or but for case, width and spaces."""
    if said in headings:
        return said
    alike = [heading for heading in headings if fold(heading) == fold(said)]
    if len(alike) == 1:
        return alike[0]
    close = difflib.get_close_matches(said, headings, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else ""
    raise Problem(
        f'{role}: there is no column "{said}"; the headings are: {listed(headings)}', hint
    )


def amount_kind(heading: str) -> str:
    """What a heading alone says of an amount: `order`, `line`, `unit` or nothing."""
    for names, kind in ((_ORDER_TOTALS, "order"), (_UNIT_PRICES, "unit")):
        if _headings_of(names, [heading]):
            return kind
    return ""


def currency_in(heading: str) -> str:
    """A currency that a heading names: `金額(円)`, `amount_usd`, `Total (EUR)`."""
    if re.search(r"[(_\[]円|円[)\]]", unicodedata.normalize("NFKC", heading)):
        return "JPY"
    words = re.split(r"[^A-Za-z]+", heading)
    return next((word.upper() for word in words if word.upper() in _CURRENCY_CODES), "")


def _preferred(role: str, platform: str) -> list[str]:
    """Shopify calls an order's number `Name`, elsewhere the name of a person."""
    if platform == "Shopify":
        return {"order_id": ["Name"], "status": ["Financial Status"], "amount": ["Total"]}.get(
            role, []
        )
    return []


def _headings_of(names: str, headings: Sequence[str]) -> set[str]:
    wanted = {fold(name) for name in names.split()}
    return {
        heading for heading in headings if fold(heading) in wanted or fold(_bare(heading)) in wanted
    }


def _bare(heading: str) -> str:
    """A heading without the currency or the word on tax that follows it."""
    text = unicodedata.normalize("NFKC", heading).strip()
    codes = "|".join(_CURRENCY_CODES)
    return (
        re.sub(rf"[\s_]*[(\[]?(?:円|税込み?|税抜き?|税込円|(?i:{codes}))[)\]]?\s*$", "", text)
        or text
    )


def listed(headings: Sequence[str]) -> str:
    """The headings as a message shows them."""
    shown = ", ".join(f'"{heading}"' for heading in headings[:40])
    return (
        shown + (f" and {len(headings) - 40} more" if len(headings) > 40 else "")
        if headings
        else "(none)"
    )

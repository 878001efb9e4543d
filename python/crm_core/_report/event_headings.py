"""Which column of a log of events is which, and what its kinds mean.

As for orders: headings are compared after folding, what was chosen is shown, and every choice has
an option. The names are those of Google Analytics' exports, of Shopify's pixels, of public data
sets and of hand-made logs in both languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .headings import (
    CHANNELS,
    CUSTOMER_IDS,
    PRODUCTS,
    Choice,
    amount_kind,
    fold,
    listed,
    matched,
)
from .problem import Problem

# A visitor's own id goes before a customer's: where the log has only the latter, that is both.
ROLES: dict[str, str] = {
    "visitor_id": (
        "訪問者ID ビジターID 訪問者 クッキーID ブラウザID 端末ID "
        "visitor_id visitorid visitor client_id user_pseudo_id fullvisitorid anonymous_id "
        "cookie_id device_id distinct_id "
        "会員ID 会員番号 顧客ID 顧客番号 ユーザーID ユーザID "
        "user_id userid customer_id member_id client user customer"
    ),
    "occurred_at": (
        "発生日時 イベント日時 アクセス日時 閲覧日時 行動日時 日時 タイムスタンプ 時刻 "
        "occurred_at event_time event_timestamp event_datetime event_at timestamp created_at "
        "datetime time ts 日付 event_date date"
    ),
    "kind": (
        "イベント イベント名 イベント種別 行動 行動種別 アクション 種別 操作 "
        "event event_name event_type event_kind action activity kind type"
    ),
    "customer_id": CUSTOMER_IDS,
    "page": (
        "ページ ページURL ページパス 閲覧ページ 画面 画面名 "
        "page page_path page_url page_location path url screen screen_name ページタイトル "
        "page_title"
    ),
    "product": PRODUCTS,
    "quantity": "数量 個数 quantity qty item_quantity units",
    "order_id": (
        "注文番号 受注番号 注文ID 受注ID 取引ID "
        "order_id order_number transaction_id transactionid order"
    ),
    "channel": CHANNELS,
    "campaign": "キャンペーン キャンペーン名 campaign campaign_name utm_campaign",
    "referrer": "参照元 リファラー リファラ referrer referer page_referrer",
    "amount": "金額 小計 amount value event_value revenue price 価格 単価",
}
REQUIRED = ("visitor_id", "occurred_at", "kind")

MEANINGS = ("view", "product_view", "add", "remove", "checkout", "payment_failed", "purchase")
_KINDS: dict[str, str] = {
    "view": "view page_view pageview page screen_view 閲覧 ページ閲覧 ページビュー PV 表示",
    "product_view": (
        "product_view view_item viewitem view_product product_viewed detail productview "
        "商品閲覧 商品詳細閲覧 商品詳細 商品表示"
    ),
    "add": (
        "add add_to_cart addtocart cart_add added_to_cart cart product_added_to_cart "
        "カート追加 カート投入 カートに入れる カートイン"
    ),
    "remove": (
        "remove remove_from_cart removefromcart cart_remove product_removed_from_cart "
        "カート削除 カートから削除"
    ),
    "checkout": (
        "checkout begin_checkout checkout_started initiate_checkout initiatecheckout "
        "購入手続き 購入手続 チェックアウト レジ"
    ),
    "payment_failed": "payment_failed payment_error checkout_failed 決済失敗 決済エラー 支払い失敗",
    "purchase": (
        "purchase order transaction buy checkout_completed order_completed order_placed "
        "購入 注文 購入完了 注文完了 受注"
    ),
}


def choose(headings: Sequence[str], given: Mapping[str, str | None]) -> dict[str, Choice]:
    """A column for every role that has one.

    Args:
        headings: The file's headings.
        given: What the user said, by role; an empty string turns a role off.
    """
    unknown = next((role for role in given if role not in ROLES), None)
    if unknown is not None:
        raise Problem(f"--event-column: there is no {unknown}", f"There are {', '.join(ROLES)}.")
    chosen = matched(headings, given, ROLES)
    for role in REQUIRED:
        if role not in chosen:
            raise Problem(
                f"no column of the events looks like {role}; the headings are: {listed(headings)}",
                f'Say which column it is, for example --event-column "{role}={headings[0]}".',
            )
    priced = "amount" in chosen and amount_kind(chosen["amount"].value) == "unit"
    if priced and "quantity" in chosen and given.get("amount") is None:
        # The amount of an event is that of all its pieces, and a price is not.
        del chosen["amount"]
    return chosen


def kinds(present: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """What the kinds that occur mean: as said, else by their names."""
    for meaning in given.values():
        if meaning not in MEANINGS:
            raise Problem(
                f"--event-kind: {meaning} is no meaning", f"There are {', '.join(MEANINGS)}."
            )
    known = {fold(name): meaning for meaning, names in _KINDS.items() for name in names.split()}
    return {
        word: given[word] if word in given else known[fold(word)]
        for word in present
        if word in given or fold(word) in known
    }

"""The words that shops use for the state of an order, in the words this library counts by.

`completed` and `pending` count as orders; `not_ordered`, `cancelled`, `payment_failed`, `refunded`,
`returned` and `test` do not. A shop's own word that is not listed here is never guessed at: the
report stops and shows it, because one wrong word silently changes every number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

MEANINGS = (
    "completed",
    "pending",
    "not_ordered",
    "cancelled",
    "payment_failed",
    "refunded",
    "returned",
    "test",
)

# Normalised by `_key`: spaces and the okurigana that shops leave out are gone.
_WORDS: dict[str, str] = {
    # Shopify's financial status
    "paid": "completed",
    "partially paid": "completed",
    "partially refunded": "completed",
    "authorized": "pending",
    "refunded": "refunded",
    "voided": "cancelled",
    "expired": "payment_failed",
    # WooCommerce, with and without its prefix
    "processing": "completed",
    "on hold": "pending",
    "pending payment": "pending",
    "failed": "payment_failed",
    "checkout draft": "not_ordered",
    "draft": "not_ordered",
    "trash": "cancelled",
    # English at large
    "complete": "completed",
    "completed": "completed",
    "closed": "completed",
    "done": "completed",
    "ok": "completed",
    "fulfilled": "completed",
    "partially fulfilled": "completed",
    "shipped": "completed",
    "delivered": "completed",
    "success": "completed",
    "pending": "pending",
    "new": "pending",
    "open": "pending",
    "confirmed": "pending",
    "unfulfilled": "pending",
    "unpaid": "pending",
    "awaiting payment": "pending",
    "awaiting shipment": "pending",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "cancel": "cancelled",
    "void": "cancelled",
    "declined": "payment_failed",
    "payment failed": "payment_failed",
    "returned": "returned",
    "return": "returned",
    "refund": "refunded",
    "not ordered": "not_ordered",
    "abandoned": "not_ordered",
    "test": "test",
    # EC-CUBE's 対応状況, 2 to 4
    "新規受付": "pending",
    "入金待": "pending",
    "入金済": "completed",
    "取寄中": "pending",
    "対応中": "pending",
    "発送済": "completed",
    "注文取消": "cancelled",
    "決済処理中": "not_ordered",
    "購入処理中": "not_ordered",
    "返品": "returned",
    # MakeShop's 処理状況
    "配送": "completed",
    "未処理": "pending",
    "注文キャンセル": "cancelled",
    "返送": "returned",
    # Rakuten
    "注文確認待": "pending",
    "楽天処理中": "pending",
    "発送待": "pending",
    "変更確定待": "pending",
    "支払手続中": "completed",
    "支払手続済": "completed",
    "キャンセル確定待": "cancelled",
    "キャンセル確定": "cancelled",
    # Japanese at large
    "完了": "completed",
    "処理済": "completed",
    "対応済": "completed",
    "出荷済": "completed",
    "配送済": "completed",
    "配達済": "completed",
    "配達完了": "completed",
    "発送完了": "completed",
    "出荷完了": "completed",
    "支払済": "completed",
    "決済済": "completed",
    "売上確定": "completed",
    "受注": "pending",
    "新規": "pending",
    "新規注文": "pending",
    "受付": "pending",
    "受付済": "pending",
    "注文受付": "pending",
    "処理中": "pending",
    "確認中": "pending",
    "未対応": "pending",
    "未入金": "pending",
    "未発送": "pending",
    "未出荷": "pending",
    "出荷待": "pending",
    "出荷準備中": "pending",
    "発送準備中": "pending",
    "保留": "pending",
    "予約": "pending",
    "キャンセル": "cancelled",
    "キャンセル済": "cancelled",
    "取消": "cancelled",
    "取消済": "cancelled",
    "返金": "refunded",
    "返金済": "refunded",
    "返品済": "returned",
    "決済エラー": "payment_failed",
    "決済失敗": "payment_failed",
    "与信ng": "payment_failed",
    "テスト": "test",
    "テスト注文": "test",
}
# Numbers mean something only under the heading of the cart that made them.
_CODES: dict[str, dict[str, str]] = {
    "EC-CUBE": {
        "1": "pending",
        "2": "pending",
        "3": "cancelled",
        "4": "pending",
        "5": "completed",
        "6": "completed",
        "7": "not_ordered",
        "8": "not_ordered",
        "9": "returned",
    },
    "Rakuten": {
        "100": "pending",
        "200": "pending",
        "300": "pending",
        "400": "pending",
        "500": "completed",
        "600": "completed",
        "700": "completed",
        "800": "cancelled",
        "900": "cancelled",
    },
}


def meanings(
    words: Iterable[str], platform: str, own: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """What each word of a file means, and the words that nobody has explained.

    Args:
        words: The distinct words of the status column.
        platform: The cart that the headings speak of.
        own: The user's `--status-map`, which goes first.
    """
    codes = _CODES.get(platform, {})
    mine = {_key(word): meaning for word, meaning in own.items()}
    known: dict[str, str] = {}
    unknown: list[str] = []
    for word in sorted(words):
        key = _key(word)
        meaning = mine.get(key) or codes.get(key) or _WORDS.get(key)
        if meaning is None:
            unknown.append(word)
        else:
            known[word] = meaning
    return known, unknown


def _key(word: str) -> str:
    text = unicodedata.normalize("NFKC", word).strip().lower().replace("_", " ").replace("-", " ")
    text = " ".join(text.removeprefix("wc ").split())
    if text.isascii():
        return text
    for left_out in ("しました", "り", "み", "し", "ち", " "):
        text = text.replace(left_out, "")
    return text

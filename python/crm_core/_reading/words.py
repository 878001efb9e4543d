"""The texts of what was read, in English and Japanese: roles of columns, reasons, notes, facts.

The Japanese terms are the ones that shops use. Words of results (segments, levels, reasons) are not
here: a result carries their labels, see `Frame.labels`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .messages import Door, command, say, written
from .reason_sentences import REASONS
from .sentences import NOTES
from .settings import Both

LANGUAGES = ("en", "ja")

# What no table of the library labels: periods, and states of orders and kinds of events as a file
# has them.
_VALUES: Mapping[str, tuple[str, str]] = {
    "completed": ("Completed", "完了"),
    "pending": ("Pending", "処理中"),
    "not_ordered": ("Not ordered", "未受注"),
    "cancelled": ("Cancelled", "キャンセル"),
    "payment_failed": ("Payment failed", "決済失敗"),
    "refunded": ("Refunded", "返金"),
    "returned": ("Returned", "返品"),
    "test": ("Test", "テスト"),
    "one_off": ("Ordinary order", "通常購入"),
    "subscription": ("Subscription", "定期購入"),
    "sub_first": ("First delivery", "定期初回"),
    "sub_renewal": ("Renewal", "定期2回目以降"),
    "swap": ("Exchange", "交換"),
    "sample": ("Sample", "サンプル"),
    "view": ("Page view", "ページ閲覧"),
    "product_view": ("Product view", "商品閲覧"),
    "add": ("Put into the cart", "カート追加"),
    "remove": ("Taken out of the cart", "カート削除"),
    "checkout": ("Checkout", "購入手続き"),
    "purchase": ("Purchase", "購入"),
}

# Columns of results and roles of the file's columns.
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "as_of": ("As of", "基準日"),
    "month": ("Month", "月"),
    "segment": ("Segment", "セグメント"),
    "state": ("State", "状態"),
    "customers": ("Customers", "顧客数"),
    "customer_share": ("Share of customers", "顧客構成比"),
    "share_customers": ("Share of customers", "顧客構成比"),
    "orders": ("Orders", "注文数"),
    "revenue": ("Revenue", "売上"),
    "revenue_share": ("Share of revenue", "売上構成比"),
    "share_revenue": ("Share of revenue", "売上構成比"),
    "cumulative_share": ("Cumulative share", "累積構成比"),
    "revenue_per_customer": ("Revenue per customer", "顧客あたり売上"),
    "mean_revenue": ("Revenue per customer", "顧客あたり売上"),
    "mean_order_value": ("Mean order value", "平均注文単価"),
    "mean_tenure_days": ("Mean tenure (days)", "平均在籍日数"),
    "mean_recency_days": ("Mean days since last", "平均経過日数"),
    "mean_orders": ("Orders per customer", "顧客あたり注文数"),
    "new_customers": ("New customers", "新規顧客数"),
    "new_orders": ("New orders", "新規注文数"),
    "new_revenue": ("Revenue, new", "新規売上"),
    "existing_revenue": ("Revenue, today's customers", "既存顧客の売上"),
    "repeat_customers": ("Repeat customers", "リピート顧客数"),
    "repeat_orders": ("Repeat orders", "リピート注文数"),
    "repeat_revenue": ("Revenue, repeat", "リピート売上"),
    "guest_orders": ("Guest orders", "ゲスト注文数"),
    "guest_revenue": ("Revenue, guests", "ゲスト売上"),
    "decile": ("Decile", "デシル"),
    "abc": ("Class", "ランク"),
    "level": ("Level", "状態"),
    "period": ("Next purchase expected", "予測購入日"),
    "reached_today": ("New today", "本日到達"),
    "expected_revenue": ("Expected in 30 days", "30日間の期待売上"),
    "reason": ("Reason", "区分"),
    "rows": ("Rows", "行数"),
    "amount": ("Amount", "金額"),
    "active": ("Active", "現役"),
    "churned": ("Churned", "離脱"),
    "customer_id": ("Customer", "顧客ID"),
    "ordered_at": ("Ordered at", "注文日時"),
    "order_id": ("Order number", "注文番号"),
    "status": ("Status", "対応状況"),
    "quantity": ("Quantity", "数量"),
    "refunded": ("Refunded", "返金額"),
    "amount_is": ("An amount is", "金額の意味"),
    "encoding": ("Encoding", "文字コード"),
    "layout": ("Layout", "出力形式"),
    "money_of": ("It is of the", "金額の単位"),
    "discount": ("Discount", "値引き"),
    "shipping": ("Shipping", "送料"),
    "tax": ("Tax", "税"),
    "cost": ("Cost", "原価"),
    "refunded_at": ("Refunded at", "返金日時"),
    "cancelled_at": ("Cancelled at", "キャンセル日時"),
    "currency": ("Currency", "通貨"),
    "timezone": ("Time zone", "タイムゾーン"),
    "visitor_id": ("Visitor", "訪問者ID"),
    "occurred_at": ("Occurred at", "発生日時"),
    "kind": ("Kind of event", "イベント種別"),
    "page": ("Page", "ページ"),
    "product": ("Product", "商品"),
    "channel": ("Channel", "流入元"),
    "campaign": ("Campaign", "キャンペーン"),
    "variant": ("Variant", "パターン"),
    "machine": ("By a machine", "機械による"),
    "referrer": ("Referrer", "参照元"),
    "views": ("Views", "閲覧数"),
    "sessions": ("Sessions", "セッション数"),
    "entries": ("Entries", "入口数"),
    "exits": ("Exits", "離脱数"),
    "exit_rate": ("Exit rate", "離脱率"),
    "exit_rate_sessions": ("Exits per session", "離脱率(セッション)"),
    "bounces": ("Bounces", "直帰数"),
    "bounce_rate": ("Bounce rate", "直帰率"),
    "mean_seconds": ("Seconds on page", "平均滞在秒数"),
    "step": ("Step", "段階"),
    "name": ("What", "内容"),
    "reached": ("Reached", "到達数"),
    "dropped": ("Dropped", "離脱数"),
    "still_open": ("Still open", "継続中"),
    "rate": ("Rate", "到達率"),
    "median_seconds": ("Median seconds", "所要秒数(中央値)"),
    "carts": ("Carts", "カート数"),
    "abandoned": ("Abandoned", "カゴ落ち数"),
    "recovered": ("Recovered", "回復数"),
    "abandonment_rate": ("Abandonment rate", "カゴ落ち率"),
    "ordered": ("Ordered", "購入数"),
    "emptied": ("Emptied", "空にした数"),
    "abandoned_cart": ("Left in the cart", "カート段階"),
    "abandoned_checkout": ("Left in the checkout", "購入手続き段階"),
    "abandoned_payment": ("Left after a failed payment", "決済失敗段階"),
    "value_lost": ("Value lost", "損失金額"),
    "value_recovered": ("Value recovered", "回復金額"),
    "role": ("What", "項目"),
    "value": ("Read as", "採用した列・値"),
    "why": ("Why", "理由"),
    "option": ("Change with", "変更するには"),
    "method": ("Method", "方法"),
    "until": ("Up to", "期末"),
    "expected_orders": ("Orders expected", "予測購入数"),
    "forecast_revenue": ("Revenue expected", "予測売上"),
    "low_revenue": ("Low", "下限"),
    "high_revenue": ("High", "上限"),
    "revenue_multiple": ("Multiple of a year", "年商倍率"),
    "actual_active": ("Active, came", "実績現役"),
    "actual_orders": ("Orders, came", "実購入数"),
    "actual_revenue": ("Revenue, came", "実売上"),
    "returned": ("Came back", "再購入者数"),
    "mae_days": ("Mean error", "平均誤差(日)"),
    "median_error_days": ("Median error", "誤差中央値(日)"),
    "threshold": ("Days", "日数"),
    "flagged": ("Churned", "離脱者数"),
    "returned_rate": ("Came back", "再購入率"),
    "others_returned_rate": ("Of the others", "現役の再購入率"),
    "near_rate": ("Near the line", "境界付近"),
    "people_record_id": ("The record", "会員データのID"),
    "people_account": ("Account", "アカウント"),
    "people_email": ("E-mail address", "メールアドレス"),
    "people_phone": ("Telephone number", "電話番号"),
    "people_family_name": ("Family name", "姓"),
    "people_given_name": ("Given name", "名"),
    "people_family_kana": ("Reading of the family name", "セイ"),
    "people_given_kana": ("Reading of the given name", "メイ"),
    "people_birth_date": ("Date of birth", "生年月日"),
    "people_sex": ("Sex", "性別"),
    "people_zip": ("Postal code", "郵便番号"),
    "people_prefecture": ("Prefecture", "都道府県"),
    "people_city": ("City", "市区町村"),
    "people_address": ("Address", "住所"),
    "people_building": ("Building", "建物"),
    "people_registered_at": ("Registered", "登録日"),
    "people_updated_at": ("Changed last", "更新日"),
    "people_not_same_as": ("Somebody else", "別人の指定"),
    "people_previous_person_id": ("Person of the last run", "前回の人物"),
    "people_value": ("Worth", "金額"),
}

# What was understood of a file, and what columns look like that were not read.
FACTS: Mapping[str, tuple[str, str]] = {
    "fact_dates": ("First and last date", "最初と最後の日付"),
    "fact_date_form": ("Form of the dates", "日付の形式"),
    "fact_zone": ("Time zone", "時間帯"),
    "fact_no_zone": (
        "dates are taken as written; {say.timezone} names the shop's zone",
        "表記どおり({say.timezone} で指定)",
    ),
    "fact_sum": ("Sum tried, holds in", "検算(成立数)"),
    "fact_near": ("Ids alike but for case, width, blanks", "表記だけが異なるID"),
    "fact_state": ("Orders / rows", "注文数/行数"),
    "fact_first": ("The first order", "最初の注文"),
    "fact_unread": ("Not read", "読まない列"),
    "looks_dates": ("looks like dates", "日付らしい"),
    "looks_numbers": ("looks like numbers", "数値らしい"),
    "looks_mail": ("looks like mail addresses", "メールアドレスらしい"),
    "looks_words": ("a few different words", "少数の語"),
    "looks_texts": ("texts", "文字列"),
    "looks_blank": ("blank", "空欄"),
    "looks_nested": ("nested", "入れ子"),
}


def pick(table: Mapping[str, tuple[str, str]], key: str, lang: str) -> str | None:
    """A text in a language, if the table has it."""
    pair = table.get(key)
    return None if pair is None else pair[LANGUAGES.index(lang)]


def value(word: object, lang: str) -> str:
    """A state of an order, a kind of event or a period; other words as they are."""
    text = str(word)
    return pick(_VALUES, text, lang) or text.replace("_", " ")


def column(name: str, lang: str) -> str:
    """The heading of a result's column; columns of the shop keep their own name."""
    return pick(_COLUMNS, name, lang) or name


def reason(code: str, detail: str, lang: str) -> str:
    """Why a column was chosen."""
    return (pick(REASONS, code, lang) or code).format(detail=detail)


def note(code: str, values: Mapping[str, object], lang: str, door: Door = command) -> str:
    """A sentence about the data, with its options as the caller's door writes them."""
    return written(unwritten(code, values, lang), door)


def unwritten(code: str, values: Mapping[str, object], lang: str) -> str:
    """The same with its options as data."""
    shown = {key: _shown(one, lang) for key, one in values.items()}
    return (pick(NOTES, code, lang) or code).format(say=say, **shown)


def fact(key: str, lang: str, door: Door = command) -> str:
    """The name of a fact, with its options as a door writes them."""
    text = pick(FACTS, key, lang)
    assert text is not None, key  # keys are literals of this package, all tested
    return written(text.format(say=say), door)


def _shown(one: object, lang: str) -> str:
    if isinstance(one, Both):
        text = one.ja if lang == "ja" else one.en
        return text.format(say=say) if "{say." in text else text
    if isinstance(one, Mapping):
        joint = "、" if lang == "ja" else ", "
        return "; ".join(
            f"{joint.join(words)} → {value(meaning, lang)}" for meaning, words in one.items()
        )
    return f"{one:,}" if isinstance(one, int) else str(one)

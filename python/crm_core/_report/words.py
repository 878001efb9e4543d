"""The texts of the report, in English and Japanese.

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

CPM_ORDER = ("excellent", "trend", "steady", "toddler", "first", "trial", "prospect")
STATES = ("active", "churned")

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

PAGE: Mapping[str, tuple[str, str]] = {
    "title": ("Customer report", "顧客分析レポート"),
    "lead": ("{first} to {last}, as of {as_of}", "{first} 〜 {last} (基準日 {as_of})"),
    "lead_empty": ("No orders", "注文なし"),
    "customers": ("Customers", "顧客数"),
    "orders": ("Orders", "注文数"),
    "revenue": ("Revenue", "売上"),
    "mean_order": ("Mean order value", "平均注文単価"),
    "orders_all": ("Orders, with guests", "注文数(ゲスト含む)"),
    "revenue_all": ("Revenue, with guests", "売上(ゲスト含む)"),
    "mean_order_all": ("Mean order value, with guests", "平均注文単価(ゲスト含む)"),
    "of_customers": ("Of customers, as in the tables", "うち顧客(以下の表の対象)"),
    "of_guests": ("Of guests", "うちゲスト"),
    "orders_for": ("{orders} orders, {amount}, mean {mean}", "{orders}件、{amount}、平均{mean}"),
    "repeaters": ("Bought more than once", "リピート顧客率"),
    "active": ("Active (CPM)", "現役顧客率 (CPM)"),
    "to_top": ("Top", "先頭へ"),
    "unfold": ("Show", "開く"),
    "by_text": (
        "Customers who are active or churned, and revenue, by each value of the column.",
        "列の値別の現役・離脱顧客数と売上です。",
    ),
    "contents": ("Contents", "目次"),
    "monthly": ("New and repeat customers by month", "新規・リピート売上の推移"),
    "rfm": ("RFM", "RFM分析"),
    "rfm_segments": ("RFM segments", "RFMセグメント"),
    "cpm": ("Customer portfolio (CPM)", "顧客ポートフォリオ (CPM分析)"),
    "cycle": ("Purchase cycle", "購入周期"),
    "cycle_text": (
        "Days since each customer's last order compared with their usual gap, and the predicted "
        "date of the next order if they return. crm alerts lists the customers.",
        "各顧客の購入間隔に対する沈黙の長さと、再購入する場合の予測購入日。"
        "一覧は crm alerts で出力できます。",
    ),
    "cycle_levels": ("Customers by level", "状態別顧客数"),
    "lorenz": ("Lorenz curve", "ローレンツ曲線"),
    "deciles": ("Deciles", "デシル分析"),
    "abc": ("ABC analysis", "ABC分析"),
    "by": ("By {name}", "{name}別"),
    "behavior_empty": ("No events in the period.", "対象期間のイベントはありません。"),
    "behavior_lead": (
        "{events} events of {visitors} visitors, {first} to {last}.",
        "{first} 〜 {last} の訪問者{visitors}人、イベント{events}件。",
    ),
    "behavior_sessions": (
        "{sessions} sessions; a session ends after 30 minutes without an event.",
        "セッション数 {sessions} (30分間行動がなければ終了)。",
    ),
    "exits": ("Exits by page", "ページ別離脱率"),
    "funnel": ("Funnel", "ファネル分析"),
    "funnel_text": (
        "Visitors who took the steps in order within {window} of the first. Visitors who may still "
        "go on are left out of the rates.",
        "最初の段階から{window}以内に順に到達した訪問者。まだ継続中の訪問者は率に含めません。",
    ),
    "carts": ("Carts", "カゴ落ち"),
    "carts_text": (
        "Carts without an event for an hour, and how many went on after each stage. "
        "{rate} were abandoned.",
        "最後の行動から1時間以上たったカートの、各段階の後に残った数。カゴ落ち率 {rate}。",
    ),
    "carts_step": ("Carts", "カート"),
    "kept_step": ("Not emptied", "空にしなかった"),
    "into_checkout_step": ("Went on to the checkout", "購入手続きへ進んだ"),
    "into_payment_step": ("Came through the checkout", "購入手続きを終えた"),
    "ordered_step": ("Ordered", "購入した"),
    "ways": ("Ways through the site", "サイト内の経路"),
    "ways_text": (
        "From the first page of a session to its fifth; reloads count once.",
        "セッションの1ページ目から5ページ目まで。同じページの再読み込みは1回と数えます。",
    ),
    "between": ("From page to page", "ページ遷移"),
    "between_text": (
        "Of the visits to the page on the left, the share that went on to the one above.",
        "左のページから上のページへ進んだ割合。",
    ),
    "start": ("Start", "開始"),
    "end": ("Left", "離脱"),
    "other": ("Other pages", "その他"),
    "days": ("{days} days", "{days}日"),
    "not_read_numbers": (
        " Numbers and dates that were not read: {columns}.",
        "読んでいない数値・日付の列: {columns}。",
    ),
    "facts": ("What was understood", "読み取った内容"),
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
    "events_reading": ("How the events were read", "イベントの読み取り"),
    "all_months": ("All months", "合計"),
    "existing": ("Today's customers", "既存顧客"),
    "shop_past": (
        "Made at {count} earlier dates, it was this right: the revenue that came was {least} to "
        "{most} of what it had said, and inside the interval {held} of {count} times.",
        "同じ予測を過去{count}時点で行うと、実績は予測の{least}〜{most}で、{count}回のうち{held}回が範囲内でした。",
    ),
    "shop_no_past": (
        "The shop is too young to try the forecast on its own past: the interval is as wide as "
        "such forecasts are wrong elsewhere.",
        "検証できる過去のデータがないため、範囲は一般的な誤差によります。",
    ),
    "shop_no_interval": (
        "With less than a year of orders nobody knows how wrong it is: there is no interval.",
        "注文が1年分に満たず誤差が分からないため、範囲は示しません。",
    ),
    "seasons_used": (
        "Months of the year differ more than by chance ({explained} of their differences is "
        "season); the predictions use that.",
        "月ごとの需要の差は偶然より大きく(差の{explained}が季節)、予測に使っています。",
    ),
    "seasons_too_short": (
        "The orders are too few or too short a time to tell the season of the months.",
        "注文の期間または件数が足りず、月の季節性は分かりません。",
    ),
    "seasons_none": (
        "No season of the months was found that predicts better than none: time runs evenly.",
        "予測に役立つ月の季節性は見つからなかったため、使っていません。",
    ),
    "forecast_missed": (
        "{method} missed. {of}: {ratio} of what it had said came, outside its interval.",
        "{method}: 実績の{of}は予測の{ratio}で、範囲の外でした。",
    ),
    "outlook_forecast": ("Today's customers in the next years", "既存顧客の売上予測 (新CPM)"),
    "outlook_forecast_text": (
        "Without new customers, by years of 365 days. Two methods: a model of each customer, and "
        "last year's moves between segments. The outcome is between low and high with a "
        "probability of 80 % if the method is right; the multiple is of last year's revenue.",
        "新規顧客がないとした場合の365日ごとの予測です。顧客別モデルと、前年のセグメント遷移の2通りを並べます。"
        "下限・上限は80%の範囲、年商倍率は直近365日の売上に対する累計です。",
    ),
    "outlook_forecast_tested": ("Both methods a year ago", "1年前時点の予測と実績"),
    "outlook_forecast_tested_text": (
        "The forecast from the orders up to then, compared with the actual numbers.",
        "当時までのデータだけで予測し、その後の実績と並べました。",
    ),
    "outlook_dates_tested": ("Predicted dates, 90 days ago", "90日前時点の購入日予測の検証"),
    "outlook_dates_tested_text": (
        "Error of the next order's date in days, over the customers who came back since, for the "
        "model and for rules of thumb.",
        "その後に再購入した顧客についての、次回購入日の誤差(日)です。簡易な予測法と並べます。",
    ),
    "outlook_sweep": ("Where to draw the line of churn", "離脱基準の比較"),
    "outlook_sweep_text": (
        "Customers 90 days ago by days without an order: how many are churned by each threshold, "
        "how many of these came back anyway, and how many are within a week of the threshold.",
        "90日前時点で、各日数を基準とした離脱者数、その後に再購入した人の割合、基準の前後7日以内の顧客の割合です。",
    ),
    "reconciliation": ("Reconciliation", "データの照合"),
    "reading": ("How the file was read", "ファイルの読み取り"),
    "definitions": ("Definitions", "集計の定義"),
    "definitions_text": (
        "Each table's request with all defaults, and its hash: tables with the same hash have "
        "the same definition.",
        "各表の条件(既定値を含む)とハッシュ値です。ハッシュが同じなら定義も同じです。",
    ),
    "figures": ("The figures as a table", "数値を表で見る"),
    "new": ("New", "新規"),
    "repeat": ("Repeat", "リピート"),
    "guest": ("Guests", "ゲスト"),
    "made": (
        "Made by crm-core {version}. It holds no customer's data, only totals.",
        "crm-core {version} で作成。顧客個人の情報は含まず、集計値のみです。",
    ),
    "total": ("Total", "合計"),
    "file": ("File", "ファイル"),
    "written": ("Report written to {path}", "レポートを {path} に書き出しました"),
    "no_page": (
        "-o report.html writes all of it as one page.",
        "-o report.html を付けると、すべてを1ページのHTMLに書き出します。",
    ),
    "people_reading": ("How the people were read", "会員データの読み取り"),
    "identifying": ("Identifying people", "名寄せ中"),
    "reading_file": ("Reading {name}", "{name} を読み込み中"),
    "building": ("Orders", "注文データの構築"),
    "events": ("Events", "イベントの構築"),
    "analysing": ("Analysing", "分析中"),
}


def _pick(table: Mapping[str, tuple[str, str]], key: str, lang: str) -> str | None:
    pair = table.get(key)
    return None if pair is None else pair[LANGUAGES.index(lang)]


def value(word: object, lang: str) -> str:
    """A state of an order, a kind of event or a period; other words as they are."""
    text = str(word)
    return _pick(_VALUES, text, lang) or text.replace("_", " ")


def column(name: str, lang: str) -> str:
    """The heading of a result's column; columns of the shop keep their own name."""
    return _pick(_COLUMNS, name, lang) or name


def reason(code: str, detail: str, lang: str) -> str:
    """Why a column was chosen."""
    return (_pick(REASONS, code, lang) or code).format(detail=detail)


def note(code: str, values: Mapping[str, object], lang: str, door: Door = command) -> str:
    """A sentence about the data, with its options as the caller's door writes them."""
    return written(unwritten(code, values, lang), door)


def unwritten(code: str, values: Mapping[str, object], lang: str) -> str:
    """The same with its options as data."""
    shown = {key: _shown(one, lang) for key, one in values.items()}
    return (_pick(NOTES, code, lang) or code).format(say=say, **shown)


def page(key: str, lang: str, **values: object) -> str:
    """A title or sentence of the page."""
    return written(_page_text(key, lang, values), command)


def page_at(door: Door, key: str, lang: str) -> str:
    """The same, with its options as a door writes them."""
    return written(_page_text(key, lang, {}), door)


def _page_text(key: str, lang: str, values: Mapping[str, object]) -> str:
    text = _pick(PAGE, key, lang)
    assert text is not None, key  # keys are literals of this package, all tested
    return text.format(say=say, **values)


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

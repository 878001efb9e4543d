"""The texts of the report and the command, in English and Japanese, with those of what was read.

The Japanese terms are the ones that shops use. Words of results (segments, levels, reasons) are not
here: a result carries their labels, see `Frame.labels`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._reading.messages import command, say, written
from .._reading.words import LANGUAGES, column, note, pick, reason, value

__all__ = ["CPM_ORDER", "LANGUAGES", "PAGE", "STATES", "column", "note", "page", "reason", "value"]

CPM_ORDER = ("excellent", "trend", "steady", "toddler", "first", "trial", "prospect")
STATES = ("active", "churned")

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


def page(key: str, lang: str, **values: object) -> str:
    """A title or sentence of the page."""
    text = pick(PAGE, key, lang)
    assert text is not None, key  # keys are literals of this package, all tested
    return written(text.format(say=say, **values), command)

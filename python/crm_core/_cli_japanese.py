"""The help of the command in Japanese, by its English text."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence

from ._cli_options import Parser

_FILES = (
    "CSV、表計算、JSON、Parquet、Arrow、SQLite、DuckDB(圧縮可)。- は標準入力、#名前 はシートや表。"
    "複数指定すると1つとして読みます"
)

HELP: Mapping[str, str] = {
    "positional arguments": "引数",
    "options": "オプション",
    "show this help message and exit": "この説明を表示して終了",
    "show program's version number and exit": "バージョンを表示して終了",
    "what changed, whom to write to today, LTV, segments: the report on an order export": "注文データのレポート(結論、今日やること、LTV、CPM、RFM ほか)",
    "whom to write to today: customers who begin to slip away, are due, or have bought once": "今日連絡する顧客(離脱傾向、購入時期、初回のみ)",
    "records of customers: which are one person, and what it changes": "会員データ: どれが同一人物で、数値がどう変わるか",
    'the column of record_id, email, phone, family_name, given_name, birth_date, ... of the people; "ROLE=" for none; may be repeated': '会員データの列の役割 record_id、email、phone、family_name、given_name、birth_date など。"ROLE=" はなし(複数可)',
    "decisions by rules (see crm rules)": "ルールによる配信判定(crm rules)",
    "events of the site (their columns are guessed)": "サイトのイベント(列は推定します)",
    "who is written to, why, and why not, by these rules": "このルールで、誰に・なぜ配信し、なぜ配信しないかを判定",
    "what was sent before, and who opted out: what is in it is not sent again; may be repeated": "配信履歴と配信停止。履歴にあるものは再び送りません(複数可)",
    'the column of customer_id, kind, occurred_at, channel, dedupe_key or trigger of the messages; "ROLE=" for none; may be repeated': '配信履歴の列の役割 customer_id、kind、occurred_at、channel、dedupe_key、trigger。"ROLE=" はなし(複数可)',
    "the time of the decision on that day, in the zone of the rules (default: 10:00)": "その日の判定時刻(ルールの時間帯。既定: 10:00)",
    "every candidate with its decision and the reason: csv, parquet, xlsx, json, ndjson or md by the file's ending": "すべての候補と判定・理由の出力先。形式は拡張子 csv、parquet、xlsx、json、ndjson、md で決まります",
    "the same as a page, .html or .pdf": "同じ内容をページで出力(.html または .pdf)",
    "the ids of whom to write to, on the page": "配信する顧客の会員IDをページに載せる",
    "print these rules (default: list the presets)": "このルールを表示(既定: 一覧を表示)",
    "the persons": "名寄せ",
    "records of customers, and behind them orders, if what changes is to be shown; CSV, a spreadsheet, JSON, Parquet, Arrow, SQLite or DuckDB, packed or not, or - for standard input; #NAME behind it is a sheet or a table; several are read as one": f"会員データ。数値の変化も見る場合は、続けて注文データ。{_FILES}",
    "which pairs are joined (default: standard, a probability of 0.95)": "同一人物とする基準(既定: standard、確率0.95以上)",
    "the persons of the last run, who keep their ids": "前回の結果。人物のIDを引き継ぎます",
    "the person of each record: csv, parquet, xlsx, json, ndjson, md or html by the file's ending": "会員データごとの人物の出力先。形式は拡張子 csv、parquet、xlsx、json、ndjson、md、html で決まります",
    "write persons, links, pairs for review, changes and shared identifiers into this folder, as CSV": "人物、同一判定の組、目視確認の候補、前回からの変化、共有された値をCSVでこのフォルダに出力",
    "names in the links and the pairs for review": "同一判定の組と目視確認の候補に氏名を載せる",
    "ready rules for `crm today --rules`, as TOML": "crm today --rules 用の設定例(TOML)",
    "which records of customers are one person": "会員データの名寄せ(どれが同一人物か)",
    "write a crm.toml, the options of every Monday": "毎週の設定ファイル crm.toml を作成",
    "what the file holds, for an analysis that can read more than one: `also_reads` of `crm describe TASK`": "ファイルの内容(複数の種類を読める分析で指定。crm describe TASK の also_reads)",
    "one analysis, as a table": "分析を1つ実行し、表を出力",
    "customers who are late by their own cycle, as a table": "本人の購入周期より遅れている顧客を出力",
    "the shop's estimates, as a JSON document": "店舗の学習結果をJSONで出力",
    "list the analyses": "分析の一覧",
    "list the known layouts of exports, or print one": "対応する書式の一覧、または1つの内容",
    "the options and columns of an analysis, as JSON": "分析のオプションと列をJSONで表示",
    "columns (guessed from the headings, and shown)": "列(見出しから推定し、表示します)",
    "what they mean": "列の意味",
    "what is counted": "集計の対象",
    "the report": "レポート",
    "the lists": "名簿",
    "events of the site (their columns are guessed, and shown)": "サイトのイベント(列は推定し、表示します)",
    "events (their columns are guessed)": "イベント(列は推定します)",
    "CSV, a spreadsheet, JSON, Parquet, Arrow, SQLite or DuckDB, packed or not, or - for standard input; #NAME behind it is a sheet or a table; several are read as one": _FILES,
    "what the analysis reads, see `crm describe TASK`: orders, events, or a table with the columns it names (a clv_summary, durations); CSV, a spreadsheet, JSON, Parquet, Arrow, SQLite or DuckDB, packed or not, or - for standard input; #NAME behind it is a sheet or a table; several are read as one": f"分析が読むもの(crm describe TASK): 注文、イベント、または必要な列のある表。{_FILES}",
    "a config file (default: crm.toml of this folder, if it is there; see crm init)": "設定ファイル(既定: このフォルダの crm.toml。crm init で作成)",
    "read no config file": "設定ファイルを読まない",
    "print nothing but errors": "エラー以外を表示しない",
    "the language of texts (default: ja if the headings are Japanese)": "表示の言語(既定: 見出しが日本語なら ja)",
    "the customer": "顧客ID",
    "the order's date or time": "注文日・注文日時",
    "the order's or line's amount": "注文または明細の金額",
    "the order's number, if an order has several rows": "注文番号(1注文が複数行の場合)",
    "pieces, if the amount is a price": "数量(金額が単価の場合)",
    'a date or flag of cancellation; "" for none': 'キャンセルの日付または印。"" はなし',
    "the amount refunded": "返金額",
    "the date of the refund": "返金日",
    "discount, subtracted from the amount": "値引き(金額から引きます)",
    "shipping and fees that the amount does not contain": "金額に含まれない送料・手数料",
    "tax contained in the amount": "金額に含まれる税",
    "the shop's cost": "原価",
    "the product, read if needed": "商品(必要なときに読みます)",
    "the product's category, read if needed": "商品カテゴリー(必要なときに読みます)",
    "the order's channel, read if needed": "販売チャネル(必要なときに読みます)",
    "the shop, if two shops use the same order numbers; never guessed": "店舗(注文番号が店舗間で重なる場合。推定しません)",
    'the state of the order; "" for none; may be repeated, and an order counts if all columns agree': '対応状況。"" はなし。複数指定すると、すべての列で有効な注文を集計します',
    "a column, or a list of JSON, that a warning names and that is not needed; may be repeated": "警告に出た、使わない列またはJSONのリスト(複数可)",
    "a layout of `crm layouts`, or a file of your own (default: by the headings)": "crm layouts の書式、または自作の書式ファイル(既定: 見出しから)",
    "an amount is a line's, the order's total on every line, or a price": "金額の意味: 明細(line)、各行に書かれた注文合計(order)、単価(unit)",
    "major (yen, dollars; default), minor (cents), or thousands (千円), ten_thousands (万円) or millions of whole units": "金額の単位: major(円・ドル。既定)、minor(セント)、thousands(千)、ten_thousands(万)、millions(百万)",
    "a column such as the day of a state or a version: of each order only the rows with the last value in it are read": "状態の日付や版の列。注文ごとに最後の値の行だけを読みます",
    "a warning that you know, by the code that the error of --strict names; may be repeated": "確認済みの警告。--strict のエラーが示すコードで指定(複数可)",
    "a column whose blank cells take the value above them, as merged cells leave them; may be repeated": "空白のセルに上の値を入れる列(結合セルなど。複数可)",
    "round amounts finer than the currency, and count them": "通貨の最小単位より細かい金額を丸め、件数を数えます",
    "a column of other money that is the order's and repeated on its lines; may be repeated": "注文単位で各行に繰り返される金額の列(複数可)",
    "a column of other money that is a line's; or the status, if it differs within an order; may be repeated": "明細単位の金額の列、または注文内で異なる対応状況(複数可)",
    "ids that differ only in case, width and blanks are one: mail addresses (email), all (case); or ids that differ only in leading zeros and a final .0 (number); or none (default: email if the ids are mail addresses)": "表記だけが異なるIDの統合: 大小・全角半角・空白(email はメールアドレスのみ、case はすべて)、先頭の0と末尾の.0(number)、なし(none)",
    "the decimal sign of amounts (default: auto)": "小数点の記号(既定: auto)",
    "warnings about how the file is read are errors": "読み取りの警告をエラーにします",
    "what a status means; may be repeated": "対応状況の意味(複数可)",
    "JPY, USD, ...; required if the file does not contain it": "通貨 JPY、USD など(ファイルにない場合は必須)",
    "the shop's zone, such as Asia/Tokyo": "店舗の時間帯(Asia/Tokyo など)",
    'for dates that do not begin with the year, such as "%%d/%%m/%%Y"; before it or alone the calendar of the years: buddhist, minguo, persian': '年から始まらない日付の形式("%%d/%%m/%%Y" など)。仏暦などの年は、その前か単独で buddhist、minguo、persian',
    "utf-8, cp932 (Shift_JIS), ... (default: auto)": "文字コード utf-8、cp932 など(既定: auto)",
    "the character between fields; tab for a tab (default: auto)": "区切り文字。tab はタブ(既定: auto)",
    "rows without a customer (default: keep)": "顧客のない行の扱い(既定: keep)",
    "an id that means no customer, such as 0; may be repeated": "顧客なしを表すID(0 など。複数可)",
    "rows that cannot be read (default: error)": "読めない行の扱い(既定: error)",
    "orders that several files have with different lines: from the last file, or all lines (default: error)": "複数のファイルで明細が異なる同じ注文: 最後のファイル、またはすべての明細(既定: error)",
    "rows of refunds, by a word in a column: their amounts count as negative; may be repeated": "返金の行(列と語で指定。金額は負として数えます。複数可)",
    "rows that are equal in every column of the file (default: keep, with a warning if there are many)": "全列が同じ行の扱い(既定: keep。多ければ警告)",
    "2026-11-21, today, yesterday (default: the last order's date)": "基準日 2026-11-21、today、yesterday(既定: 最後の注文日)",
    "only these orders: value, a|b, or from..to; may be repeated": "対象の注文: 値、a|b、from..to(複数可)",
    "only these customers, in the same form; may be repeated": "対象の顧客(同じ形式、複数可)",
    "a table of customers, including customers without an order": "会員の表(未購入の会員を含む)",
    "the column of --customers that says who wants no messages, or who wants some; found by its heading if it is not named, and an empty name is none": "--customers の列のうち、配信停止(または配信希望)を示すもの。省略時は見出しから判断し、空文字なら使わない",
    "break down by a column; may be repeated": "列の値別に集計(複数可)",
    "write the report as one page: .html, or .pdf where Chromium is installed": "レポートを1ページで出力: .html、または .pdf(Chromium が必要)",
    "overwrite a file that is there already": "既にあるファイルを上書きします",
    "write every table into this folder as CSV, and the lists of customers to write to with their ids (the page has none)": "すべての表と、連絡する顧客の名簿(会員ID付き)をCSVでこのフォルダに出力(ページには会員IDを含みません)",
    "write the lists into this folder, as CSV": "名簿をCSVでこのフォルダに出力",
    "the page's title": "ページの題名",
    "months of CPM history (default 24)": "CPM推移の月数(既定 24)",
    "days without an order after which a customer is churned (default 240)": "離脱とみなす、注文のない日数(既定 240)",
    "CPM's money threshold (default: 70,000 yen; in other currencies 7 mean orders)": "CPMの購入金額の基準(既定: 70,000円。他の通貨は平均注文単価の7倍)",
    "print all sections on the terminal, also if a page is written": "ページを出力するときも、すべての項目を画面に表示",
    "only show how the file would be read": "ファイルの読み取り方だけを表示",
    "a log of views, carts and purchases: exits by page, the funnel, carts, paths; may be repeated": "閲覧・カート・購入のログ(複数可)",
    'the column of visitor_id, occurred_at, kind, customer_id, page, product, ...; "ROLE=" for none, "kind=" if all are views of pages; may be repeated': '列の役割 visitor_id、occurred_at、kind、customer_id、page、product など。"ROLE=" はなし、"kind=" はすべてページ閲覧(複数可)',
    "what a kind means: view, product_view, add, remove, checkout, payment_failed, purchase; may be repeated": "種類の意味: view、product_view、add、remove、checkout、payment_failed、purchase(複数可)",
    "the layout of the events (default: by headings)": "イベントの書式(既定: 見出しから)",
    "the funnel's steps, by the file's kinds: view,add,purchase (default: the steps to an order); may be repeated": "ファネルの段階(ファイルの種類で view,add,purchase。既定: 注文までの段階、複数可)",
    "time from the first step to the last (default 7d)": "最初の段階から最後までの時間(既定 7d)",
    "overwrite a crm.toml that is there": "既にある crm.toml を上書きします",
    "a name of `crm tasks`": "分析の名前(crm tasks)",
    "csv, parquet, xlsx, json, ndjson, md or html by the file's ending (default: CSV on the screen)": "出力先。形式は拡張子 csv、parquet、xlsx、json、ndjson、md、html で決まります(既定: 画面にCSV)",
    "the format on the screen (default: csv)": "画面での形式(既定: csv)",
    "an option of `crm describe TASK`; may be repeated": "分析のオプション(crm describe TASK。複数可)",
    "how a file of orders is read, and which of its rows count": "注文ファイルの読み取り方と、行の扱い",
    "exit status 1 if the reading has warnings": "読み取りに警告があれば終了コード1",
    "the predicted value of each customer, with its models fitted to the orders": "顧客別の予測LTV(注文からモデルを推定)",
    "days ahead (default 365)": "予測日数(既定 365)",
    "recency, frequency and money of each customer, with scores and the segment": "顧客別のRFM(スコアとセグメント)",
    "scores from 1 to N (default 5)": "スコアの段階数(既定 5)",
    "only orders of the last N days (default: all)": "直近N日の注文のみ(既定: すべて)",
    "fixed cuts between scores, for yen (default: equal groups)": "スコアの固定の区切り、円用(既定: 等分)",
    "the segment of each customer in the portfolio (CPM)": "顧客別のCPMセグメント",
    "revenue and repeat purchases of each month's new customers over time (LTV)": "月別の新規顧客のLTV推移",
    "day, week, month (default), quarter, year, all, or a column": "行の単位: day、week、month(既定)、quarter、year、all、または列",
    "days from one value to the next (default 30), or week, month, quarter, year": "値の間隔の日数(既定 30)、または week、month、quarter、year",
    "the last of these values, in days or in steps of the calendar": "最後の値(日数、または暦の単位数)",
    "the share of new customers with a second order (F2)": "F2転換率(新規顧客の2回目購入率)",
    "days in which the order counts (default 90)": "何日以内の注文を数えるか(既定 90)",
    "the number of the order (default 2)": "何回目の注文か(既定 2)",
    "orders and revenue of the next months, with new customers": "今後の月別の注文数と売上(新規顧客を含む)",
    "months ahead (default 12)": "予測月数(既定 12)",
    "customers and revenue of each segment": "セグメント別の顧客数と売上",
    "the segments of the portfolio (cpm, the default) or of RFM": "CPM(既定)またはRFMのセグメント",
    "the analysis": "分析",
    "whether the order is a subscription's, read only if named": "注文の種別(定期・通常)。指定したときだけ読みます",
    "what a kind of order means: one_off, subscription (its first order is found by the dates), sub_first, sub_renewal, swap, sample; may be repeated": "注文種別の意味: one_off(通常)、subscription(定期。初回は日付から判別)、sub_first(定期初回)、sub_renewal(定期2回目以降)、swap(交換)、sample(サンプル)(複数可)",
    "what each channel cost: a table of channel, cost and, if it has one, date": "チャネル別の費用の表(チャネル、費用、あれば日付)",
    "what makes a shell complete the words of crm": "シェルの補完スクリプトを出力",
    "this help, or the help of a command": "この説明、またはコマンドの説明",
    "only changes after this day: 2026-11-20; or yesterday, the day before --as-of": "この日より後の変化のみ: 2026-11-20、または yesterday(基準日の前日)",
    "carts to follow up, and the triggers cart and browse of rules: a log of views and carts; may be repeated": "フォローするカートと、ルールの cart・browse の施策に使う閲覧・カートのログ(複数可)",
    "due, late, churn_risk (default; without lost customers) or lost; may be repeated": "due(購入時期)、late(遅れ)、churn_risk(離脱傾向。既定)、lost(離脱)(複数可)",
    "alerts for each customer and product, or for a column of customers": "顧客と商品ごと、または顧客の列ごとに通知",
    "a document that `crm learn` wrote": "crm learn が出力した文書",
    "default: on the screen": "既定: 画面",
}


def wanted(arguments: Sequence[str]) -> bool:
    """Whether the help is to be Japanese: by `--lang`, else by the locale of the terminal."""
    said = [
        value
        for at, one in enumerate(arguments)
        if one.startswith("--lang")
        for value in [one.partition("=")[2] or (arguments[at + 1 : at + 2] or [""])[0]]
    ]
    if said and said[-1]:
        return said[-1] == "ja"
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((os.environ[name] for name in names if os.environ.get(name)), "").startswith("ja")


def translate(parser: argparse.ArgumentParser) -> None:
    """Puts the help of a parser and of its commands into Japanese, and what they say is wrong."""
    if isinstance(parser, Parser):
        parser.japanese = True
    for group in parser._action_groups:
        group.title = HELP.get(group.title or "", group.title)
    if parser.description:
        about = parser.description.removesuffix(".")
        known = {one[0].upper() + one[1:]: text for one, text in HELP.items()}
        parser.description = known.get(about, parser.description)
    for action in parser._actions:
        action.help = HELP.get(action.help or "", action.help)
        if isinstance(action, argparse._SubParsersAction):
            for one in action._choices_actions:
                one.help = HELP.get(one.help or "", one.help)
            for sub in action.choices.values():
                translate(sub)

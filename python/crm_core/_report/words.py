"""What the report says, in English and Japanese.

The Japanese terms are the ones that shops use; CPM's ten segments carry the names people know
(初回現役 ... 優良離脱). Values of tables are translated here only, at the exit.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "ja")

RFM_ORDER = (
    "champions", "loyal", "regular", "new", "promising", "needs_attention",
    "almost_lost", "at_risk", "previously_loyal", "dormant", "prospect",
)  # fmt: skip
CPM_ORDER = ("excellent", "trend", "steady", "toddler", "first", "trial", "prospect")
STATES = ("active", "churned")

_VALUES: Mapping[str, tuple[str, str]] = {
    "champions": ("Champions", "最優良"),
    "loyal": ("Loyal", "優良"),
    "regular": ("Regular", "継続"),
    "new": ("New", "新規"),
    "promising": ("Promising", "有望"),
    "needs_attention": ("Needs attention", "要注意"),
    "almost_lost": ("Almost lost", "離脱間近"),
    "at_risk": ("At risk", "離脱危険"),
    "previously_loyal": ("Previously loyal", "元優良"),
    "dormant": ("Dormant", "休眠"),
    "prospect": ("Prospect", "見込み"),
    "trial": ("Trial", "トライアル"),
    "first": ("First", "初回"),
    "toddler": ("Toddler", "よちよち"),
    "steady": ("Steady", "コツコツ"),
    "trend": ("Trend", "流行"),
    "excellent": ("Excellent", "優良"),
    "active": ("active", "現役"),
    "churned": ("churned", "離脱"),
    "ok": ("OK", "正常"),
    "due": ("Due", "購入時期"),
    "late": ("Late", "遅れ"),
    "churn_risk": ("Churn risk", "離脱傾向"),
    "lost": ("Lost", "離脱"),
    "days_7": ("within 7 days", "7日以内"),
    "days_14": ("8 to 14 days", "8〜14日"),
    "days_30": ("15 to 30 days", "15〜30日"),
    "days_60": ("31 to 60 days", "31〜60日"),
    "days_90": ("61 to 90 days", "61〜90日"),
    "later": ("later", "それ以降"),
    "counted": ("Counted", "集計対象"),
    "guest": ("Guests: in shop totals only", "ゲスト(店舗合計のみ)"),
    "refund": ("Refund rows: lower revenue, no order", "返金行"),
    "full_refund": ("Fully refunded", "全額返金"),
    "zero_value": ("Zero value", "ゼロ円注文"),
    "completed": ("Completed", "完了"),
    "pending": ("Pending", "処理中"),
    "not_ordered": ("Not ordered", "未受注"),
    "cancelled": ("Cancelled", "キャンセル"),
    "payment_failed": ("Payment failed", "決済失敗"),
    "refunded": ("Refunded", "返金"),
    "returned": ("Returned", "返品"),
    "test": ("Test", "テスト"),
    "one_off": ("One-off", "都度購入"),
    "sub_first": ("Subscription, first", "定期初回"),
    "sub_renewal": ("Subscription, renewal", "定期継続"),
    "swap": ("Exchange", "交換"),
    "sample": ("Sample", "サンプル"),
    "filtered": ("Left out by the filter", "絞り込み対象外"),
    "bad_time": ("Row left out: time", "除外行: 日時"),
    "bad_amount": ("Row left out: amount", "除外行: 金額"),
    "bad_order_id": ("Row left out: order number", "除外行: 注文番号"),
    "bad_quantity": ("Row left out: quantity", "除外行: 数量"),
    "bad_money": ("Row left out: other money", "除外行: その他金額"),
    "bad_word": ("Row left out: unknown word", "除外行: 不明な区分"),
    "bad_currency": ("Row left out: currency", "除外行: 通貨"),
    "bad_refund_time": ("Row left out: refund time", "除外行: 返金日時"),
    "guest_dropped": ("Guests, left out", "ゲスト(除外)"),
    "repeated_row": ("Repeated rows, left out", "重複行"),
    "total": ("Total that came in", "入力合計"),
    "view": ("Page view", "ページ閲覧"),
    "product_view": ("Product view", "商品閲覧"),
    "add": ("Put into the cart", "カート追加"),
    "remove": ("Taken out of the cart", "カート削除"),
    "checkout": ("Checkout", "購入手続き"),
    "purchase": ("Purchase", "購入"),
    "model": ("Model of each customer", "顧客別モデル"),
    "markov": ("Moves between segments", "セグメント遷移"),
    "model_followed": ("Model, given a return by now", "予測モデル(観測期間内)"),
    "mean": ("Mean gap", "平均間隔"),
    "median": ("Median gap", "中央値"),
    "last_gap": ("Last gap", "直前の間隔"),
    "fixed": ("Same gap for everyone", "全員同一間隔"),
    "late_mean": ("1.5 × mean gap", "平均間隔×1.5"),
    "same_day": ("Same day for everyone", "全員同日"),
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
}

_REASONS: Mapping[str, tuple[str, str]] = {
    "given": ("as you said", "指定どおり"),
    "layout": ("{detail}", "{detail}の項目名"),
    "layout_headings": ("the headings: {detail}", "見出しから: {detail}"),
    "layout_amount": ("the layout: {detail}", "出力形式から: {detail}"),
    "first_blank": (
        'the heading; "{detail}" has no values',
        "見出しから(「{detail}」は全行空欄)",
    ),
    "heading": ("the heading", "見出しから"),
    "bytes": ("the file's bytes", "ファイルの内容から"),
    "western": (
        "neither UTF-8 nor Japanese: Western European (assumed)",
        "UTF-8でも日本語の文字コードでもないため、西欧の文字コードとする(推定)",
    ),
    "row_is_order": (
        "no order number: each row is an order",
        "注文番号がないため、1行を1注文とする",
    ),
    "unit_price": (
        '"{detail}" is a price, times the quantity',
        "「{detail}」は単価のため、数量を掛ける",
    ),
    "one_row": ("every order has one row", "どの注文も1行のみ"),
    "differs": (
        '"{detail}" differs within an order: lines are summed',
        "「{detail}」は同じ注文内で異なるため、明細として合計する",
    ),
    "total_heading": (
        '"{detail}" is an order\'s total, repeated on its lines: taken once',
        "「{detail}」は注文の合計のため、注文ごとに1回だけ数える",
    ),
    "differs_total": (
        '"{detail}" differs within an order, though its heading says a total: lines are summed',
        "「{detail}」は見出しは合計だが同じ注文内で異なるため、明細として合計する",
    ),
    "line_heading": (
        '"{detail}" is a line\'s amount: lines are summed',
        "「{detail}」は明細の金額のため、合計する",
    ),
    "line_sum": (
        "{detail}: lines are summed",
        "{detail} が成り立つため、明細として合計する",
    ),
    "order_sum": (
        "{detail}: taken once an order",
        "{detail} が成り立つため、注文ごとに1回だけ数える",
    ),
    "once": (
        '"{detail}" stands once in each order',
        "「{detail}」は各注文に1回だけある",
    ),
    "price_row": (
        '"{detail}" is a price, and there is no quantity: each row is one piece',
        "「{detail}」は単価で数量がないため、1行を1個とする",
    ),
    "money_constant": (
        '"{detail}" is the same on all lines of an order: taken once',
        "「{detail}」は注文のすべての明細で同じ値のため、注文ごとに1回だけ数える",
    ),
    "money_varies": (
        '"{detail}" differs between lines of an order: lines are summed',
        "「{detail}」は同じ注文の明細で異なるため、合計する",
    ),
    "money_layout": ('the layout, for "{detail}"', "出力形式から(「{detail}」)"),
    "money_given": ('as you said, for "{detail}"', "指定どおり(「{detail}」)"),
    "column": ('column "{detail}"', "「{detail}」列から"),
    "sign": ('the signs in "{detail}"', "「{detail}」列の記号から"),
    "amount_heading": ('the heading "{detail}"', "見出し「{detail}」から"),
    "japanese": ("Japanese headings (assumed)", "日本語の見出しのため(推定)"),
}

_NOTES: Mapping[str, tuple[str, str]] = {
    "filled": (
        '{rows} blank cells of "{column}" took the value of their order\'s first line.',
        "「{column}」の空欄{rows}件は、同じ注文の先頭行の値で補いました。",
    ),
    "as_written": (
        'Dates of "{column}" carry a zone ({zones}); the wall clock is taken as written. '
        "--timezone converts.",
        "「{column}」の日時は時差({zones})付きです。表記どおりの日時を使います。--timezone "
        "で変換できます。",
    ),
    "guests": (
        '{rows} rows have no customer in "{column}": they count in the shop\'s totals, '
        "never as a customer.",
        "「{column}」が空欄の{rows}行はゲスト注文として店全体の集計にのみ含め、顧客別の集計には含めません。",
    ),
    "left_out": (
        '{rows} rows are no orders by "{column}", and are left out.',
        "「{column}」により注文でない{rows}行を除きました。",
    ),
    "guest_words": (
        'In "{column}" these values mean no account, their rows are guests\': {words}.',
        "「{column}」の次の値は会員でないものとし、ゲスト注文として扱います: {words}。",
    ),
    "zero_id": (
        'The id 0 of "{column}" has more rows than any other; many shops write it for orders '
        'without an account. --guest-id 0 makes them guests, --guest-id "" confirms a customer.',
        "「{column}」の値 0 は他のどの顧客より行数が多く、会員でない注文を表すことがあります。"
        '--guest-id 0 でゲスト注文に、--guest-id "" で顧客とします。',
    ),
    "ids_folded": (
        '{ids} ids of "{column}" differed from another only by case, width or blanks and count as '
        "the same customer; --id-fold none keeps them apart.",
        "「{column}」の{ids}件は大文字小文字・全角半角・空白だけが異なるため、同じ顧客としました。"
        "--id-fold none で区別します。",
    ),
    "near_ids": (
        '{ids} ids of "{column}" differ from another only by case, width or blanks and count as '
        "different customers; --id-fold case makes them one, --id-fold none confirms.",
        "「{column}」の{ids}件は大文字小文字・全角半角・空白だけが他と異なり、別の顧客として数えます。"
        "同じ顧客なら --id-fold case、別の顧客なら --id-fold none を指定してください。",
    ),
    "order_level": (
        '"{column}" is the order\'s and stands on each of its lines; it is taken once. '
        '--line-level "{column}" takes it on every line.',
        "「{column}」は注文単位の金額が明細ごとに繰り返されているため、1回だけ数えます。"
        "明細単位なら --line-level を指定してください。",
    ),
    "also_stopped": (
        '{orders} orders do not count, or not with all lines, by "{column}"; --ignore "{column}" '
        "leaves it out.",
        "「{column}」により注文{orders}件(または明細)を集計から除きます。--ignore で無視できます。",
    ),
    "cancelled_lines": (
        "{rows} lines are cancelled in orders that stand; their amounts do not count.",
        "取り消された明細{rows}行の金額は数えません(注文自体は有効)。",
    ),
    "cancelled_parts": (
        "{orders} orders have {rows} cancelled lines beside others; their totals are taken as they "
        "are.",
        "一部の明細({rows}行)だけが取り消された注文が{orders}件あります。合計金額はそのまま数えます。",
    ),
    "blank_amounts": (
        '{rows} blank cells of "{column}" are of orders that do not count, and are taken as zero.',
        "集計対象外の注文で「{column}」が空欄の{rows}件は0としました。",
    ),
    "not_used_heading": (
        '"{column}" has values in {orders} orders that count, and was not used: --cancelled-at '
        '"{column}" (a date or flag), --status "{column}" (words) or --refunded "{column}" (money) '
        'uses it, --ignore "{column}" says that it does not matter.',
        "「{column}」は集計対象の注文{orders}件に値がありますが、使っていません。--cancelled-at(日付・フラグ)、"
        "--status(状態の語)、--refunded(金額)で使い、--ignore で無視します。",
    ),
    "not_used_words": (
        '"{column}" says {words} in {orders} orders that count, and was not used: --status '
        '"{column}" uses it, --ignore "{column}" says that it does not matter.',
        "「{column}」に {words} とある注文{orders}件が集計対象になっています。--status で使い、"
        "--ignore で無視します。",
    ),
    "differs_total": (
        'The heading "{column}" says an order\'s total, but it differs between lines of an order: '
        "lines are summed. --amount-is line confirms.",
        "見出し「{column}」は注文の合計ですが、同じ注文の明細で値が異なるため、明細として合計しました。"
        "--amount-is line で確定します。",
    ),
    "strange_words": (
        '"{column}" says {words}, which is not known and stops no order: --status-map '
        '"WORD=cancelled" does, "WORD=completed" confirms, --ignore "{column}" leaves it out.',
        "「{column}」の {words} は不明な語で、注文を除外しません。--status-map で意味を、"
        "--ignore で無視を指定できます。",
    ),
    "odd_dates": (
        '"{column}" holds implausible dates: {early} before 1990, {late} in the future, {far} ten '
        "years and more from nearly all others.",
        "「{column}」に疑わしい日付があります: 1990年より前{early}件、未来{late}件、"
        "他から10年以上離れたもの{far}件。",
    ),
    "statuses": ("Statuses: {map}.", "対応状況の読み替え: {map}。"),
    "unread": (
        '{rows} cells of "{column}" could not be read; their rows are left out.',
        "「{column}」の{rows}件は読み取れないため、その行を除きました。",
    ),
    "dropped_lines": (
        "{rows} lines of the file had another number of fields than the headings and are "
        "left out; the reconciliation does not know them.",
        "項目数が見出しと異なる{rows}行を除きました(照合表には含まれません)。",
    ),
    "preamble": (
        "{file}: {rows} lines above the headings in row {row} are left out.",
        "{file}: {row}行目の見出しより上の{rows}行は読み飛ばしました。",
    ),
    "blank_rows": (
        "{file}: {rows} rows without a value in any column are left out.",
        "{file}: すべての列が空欄の{rows}行を除きました。",
    ),
    "no_rows": (
        "{file} has headings and no rows.",
        "{file}は見出しのみで、データ行がありません。",
    ),
    "arrays": (
        "{file}: lists within a row are not read: {columns}.",
        "{file}: 行の中の配列は読み取りません: {columns}。",
    ),
    "sheets": (
        '{file}: the first sheet, "{sheet}", is read; not read are {others}. '
        "FILE#SHEET names another.",
        "{file}: 最初のシート「{sheet}」を読み取りました。{others}は読み取っていません。"
        "ファイル名#シート名 で指定できます。",
    ),
    "repeated_orders": (
        "{orders} orders ({rows} rows) are in several files with the same lines; each counts once.",
        "{orders}件の注文({rows}行)は複数のファイルに同じ内容で含まれるため、1回だけ数えました。",
    ),
    "differing_orders_last": (
        "{orders} orders are in several files with different lines; each is taken from the last "
        "file that has it, as you said.",
        "{orders}件の注文は複数のファイルで内容が異なるため、指定どおり最後のファイルの内容を使いました。",
    ),
    "differing_orders_add": (
        "{orders} orders are in several files with different lines; all their lines count, as you "
        "said.",
        "{orders}件の注文は複数のファイルで内容が異なり、指定どおりすべての行を数えました。",
    ),
    "repeated_rows": (
        "{rows} rows are equal to a row of another file. Without an order number the same order "
        "and another one like it look alike: they count.",
        "{rows}行は別のファイルの行と同じ内容です。注文番号がないため、同じ注文か判断できず、"
        "そのまま数えました。",
    ),
    "cpm_money": (
        "CPM's money threshold (70,000 yen by convention) is 7 × the mean order value "
        "here, {amount}: the currency is {currency}.",
        "通貨が{currency}のため、CPM分析の金額基準(通常は7万円)は平均注文単価の7倍、{amount}としました。",
    ),
    "cpm_money_given": (
        "CPM's money threshold is {amount}, as you said.",
        "CPM分析の金額基準は指定どおり{amount}です。",
    ),
    "no_orders": (
        "No order counts up to this date.",
        "この基準日までに集計対象の注文がありません。",
    ),
    "filtered": ("Only orders with {where}.", "対象の注文: {where}。"),
    "kinds": ("Kinds of events: {map}.", "イベント種別の読み替え: {map}。"),
    "other_kinds": (
        "These kinds count as activity, not as steps of a cart: {kinds}. "
        "--event-kind WORD=MEANING says otherwise.",
        "次のイベントはカートの段階ではなく、その他の行動として扱います: {kinds}。"
        "--event-kind 語=意味 で変更できます。",
    ),
    "no_pages": (
        "The events name no pages, or no kind is a view: exits and ways are left out.",
        "ページ名または閲覧イベントがないため、離脱率と遷移図は省きました。",
    ),
    "no_funnel": (
        "Fewer than two steps of the way to an order occur: --funnel names others.",
        "購入までの段階が2つ未満のため、ファネルは省きました。--funnel で指定できます。",
    ),
    "no_carts": (
        "No kind puts into the cart, or none buys: carts are left out.",
        "カート追加または購入のイベントがないため、カゴ落ちは省きました。",
    ),
    "filtered_customers": ("Only customers with {where}.", "対象の顧客: {where}。"),
}

_PAGE: Mapping[str, tuple[str, str]] = {
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
    "contents": ("Contents", "目次"),
    "monthly": ("New and repeat customers by month", "新規・リピート売上の推移"),
    "monthly_text": (
        "An order is new when it is the customer's first ever, repeat afterwards; later "
        "data never changes it.",
        "顧客の最初の注文を新規、2回目以降をリピートとします。後からデータが増えても区分は変わりません。",
    ),
    "rfm": ("RFM", "RFM分析"),
    "rfm_text": (
        "Recency and frequency from 1 to 5, 5 is best: each cell says how many customers, "
        "and how much of the revenue.",
        "最新購入日(R)と購入回数(F)を1〜5で評価(5が最良)。各マスは顧客数と売上です。",
    ),
    "rfm_customers": ("Customers by R and F", "R×F 顧客数"),
    "rfm_revenue": ("Revenue by R and F", "R×F 売上"),
    "rfm_segments": ("RFM segments", "RFMセグメント"),
    "cpm": ("Customer portfolio (CPM)", "顧客ポートフォリオ (CPM分析)"),
    "cpm_text": (
        "Ten segments by orders, tenure and spending; churned after {days} days of silence.",
        "購入回数・在籍日数・購入金額による10分類。最終購入から{days}日以上で離脱とします。",
    ),
    "cpm_text_plain": (
        "Ten segments by orders, tenure and spending, active or churned.",
        "購入回数・在籍日数・購入金額と、現役・離脱による10分類です。",
    ),
    "cpm_history": ("The portfolio by month", "ポートフォリオの推移"),
    "cpm_history_text": (
        "Active customers above the line, churned ones below, at each month's end.",
        "各月末時点の顧客数。線より上が現役、下が離脱です。",
    ),
    "cycle": ("Purchase cycle", "購入周期"),
    "cycle_text": (
        "How long each customer has been silent next to their own usual gap, and when those who "
        "return are expected back. crm alerts lists them.",
        "各顧客の購入間隔に対する沈黙の長さと、再購入する場合の予測購入日。"
        "一覧は crm alerts で出力できます。",
    ),
    "cycle_levels": ("Customers by level", "状態別顧客数"),
    "cycle_expected": ("Customers by predicted date", "予測購入日別顧客数"),
    "no_cycle": (
        "No customer has bought twice: there is no cycle to learn.",
        "2回以上購入した顧客がいないため、購入周期を学習できません。",
    ),
    "concentration": ("Concentration", "売上の集中度"),
    "lorenz": ("Lorenz curve", "ローレンツ曲線"),
    "lorenz_text": (
        "Customers sorted from the smallest revenue to the largest; the dashed line is "
        "equality. Gini {gini}.",
        "購入金額の少ない顧客から順に累積した売上構成比。破線は完全に均等な場合です。"
        "ジニ係数 {gini}。",
    ),
    "no_lorenz": (
        "Some customer's revenue is negative, or there is none: shares are not defined.",
        "売上が負の顧客がいる、または売上がないため、構成比を計算できません。",
    ),
    "deciles": ("Deciles", "デシル分析"),
    "abc": ("ABC analysis", "ABC分析"),
    "by": ("By {name}", "{name}別"),
    "behavior": ("On the site", "サイト上の行動"),
    "behavior_empty": ("No events up to then.", "対象期間のイベントはありません。"),
    "behavior_lead": (
        "{events} events of {visitors} visitors, {first} to {last}.",
        "{first} 〜 {last} の訪問者{visitors}人、イベント{events}件。",
    ),
    "behavior_sessions": (
        "{sessions} sessions; a session ends after 30 minutes of silence.",
        "セッション数 {sessions} (30分間行動がなければ終了)。",
    ),
    "exits": ("Exits by page", "ページ別離脱率"),
    "exits_text": (
        "How often a view of the page was the session's last. The lines are 95 % intervals; the "
        "most viewed pages are shown.",
        "そのページの閲覧がセッションの最後だった割合。線は95%区間。閲覧数の多いページのみ。",
    ),
    "exits_bar": ("{rate} of {views} views", "{rate} (閲覧{views})"),
    "funnel": ("Funnel", "ファネル分析"),
    "funnel_text": (
        "Visitors who took each step within {window} of the first, one after the other. Those who "
        "may still go on are left out of the rates.",
        "最初の段階から{window}以内に順に到達した訪問者。まだ継続中の訪問者は率に含めません。",
    ),
    "carts": ("Carts", "カゴ落ち"),
    "carts_text": (
        "Carts whose hour of silence has passed, and how many were left after each stage. "
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
    "facts": ("What was understood", "読み取った内容"),
    "fact_dates": ("First and last date", "最初と最後の日付"),
    "fact_date_form": ("Form of the dates", "日付の形式"),
    "fact_zone": ("Time zone", "時間帯"),
    "fact_no_zone": (
        "dates are taken as written; --timezone names the shop's zone",
        "表記どおり(--timezone で指定)",
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
    "outlook": ("Outlook, and how right it was", "見通しと検証"),
    "outlook_forecast": ("Today's customers in the next years", "既存顧客の売上予測 (新CPM)"),
    "outlook_forecast_text": (
        "Without any new customer, by years of 365 days. Two methods side by side: a model of "
        "each customer, and last year's moves between segments. Low and high hold the outcome "
        "with 80 % if the method is right; the multiple is of the last 365 days' revenue.",
        "新規顧客がないとした場合の365日ごとの予測です。顧客別モデルと、前年のセグメント遷移の2通りを並べます。"
        "下限・上限は80%の範囲、年商倍率は直近365日の売上に対する累計です。",
    ),
    "outlook_forecast_tested": ("The forecast of a year ago", "1年前時点の予測と実績"),
    "outlook_forecast_tested_text": (
        "From what was known then, beside what came.",
        "当時までのデータだけで予測し、その後の実績と並べました。",
    ),
    "outlook_dates_tested": ("Predicted dates, 90 days ago", "90日前時点の購入日予測の検証"),
    "outlook_dates_tested_text": (
        "Error of the next order's date in days, over those who came back since; rules of thumb "
        "beside the model.",
        "その後に再購入した顧客についての、次回購入日の誤差(日)です。簡易な予測法と並べます。",
    ),
    "outlook_sweep": ("Where to draw the line of churn", "離脱基準の比較"),
    "outlook_sweep_text": (
        "Customers 90 days ago by days of silence: how many each threshold calls churned, how "
        "many of them came back anyway, and how many stand within a week of the line.",
        "90日前時点で、各日数を基準とした離脱者数、その後に再購入した人の割合、基準の前後7日以内の顧客の割合です。",
    ),
    "reconciliation": ("Reconciliation", "データの照合"),
    "reconciliation_text": (
        "Every row that came in, by what became of it; the lines add up to the file.",
        "取り込んだすべての行の扱いです。合計はファイルの内容と一致します。",
    ),
    "reading": ("How the file was read", "ファイルの読み取り"),
    "definitions": ("Definitions", "集計の定義"),
    "definitions_text": (
        "Each table's request with every default written out, and its hash: two reports "
        "with the same hash count alike.",
        "各表の条件(既定値を含む)とハッシュ値です。ハッシュが同じなら定義も同じです。",
    ),
    "figures": ("The figures as a table", "数値を表で見る"),
    "share_axis_customers": ("Customers", "顧客"),
    "share_axis_revenue": ("Revenue", "売上"),
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
    "reading_file": ("Reading {name}", "{name} を読み込み中"),
    "building": ("Orders", "注文データの構築"),
    "events": ("Events", "イベントの構築"),
    "analysing": ("Analysing", "分析中"),
    "writing": ("Writing the page", "ページを作成中"),
}


def _pick(table: Mapping[str, tuple[str, str]], key: str, lang: str) -> str | None:
    pair = table.get(key)
    return None if pair is None else pair[LANGUAGES.index(lang)]


def value(word: object, lang: str) -> str:
    """A value of a result, such as a segment."""
    text = str(word)
    return _pick(_VALUES, text, lang) or text.replace("_", " ")


def cpm(segment: str, state: str, lang: str) -> str:
    """The name of one of the ten segments: 優良現役, "Excellent, active"."""
    if segment in ("prospect", "trial"):
        return value(segment, lang)
    joint = "" if lang == "ja" else ", "
    return f"{value(segment, lang)}{joint}{value(state, lang)}"


def column(name: str, lang: str) -> str:
    """The heading of a result's column; columns of the shop keep their own name."""
    return _pick(_COLUMNS, name, lang) or name


def reason(code: str, detail: str, lang: str) -> str:
    """Why a column was chosen."""
    return (_pick(_REASONS, code, lang) or code).format(detail=detail)


def note(code: str, values: Mapping[str, object], lang: str) -> str:
    """A sentence about the data."""
    shown = {key: _shown(one, lang) for key, one in values.items()}
    return (_pick(_NOTES, code, lang) or code).format(**shown)


def page(key: str, lang: str, **values: object) -> str:
    """A title or sentence of the page."""
    text = _pick(_PAGE, key, lang)
    assert text is not None, key  # keys are literals of this package, all tested
    return text.format(**values)


def _shown(one: object, lang: str) -> str:
    if isinstance(one, Mapping):
        joint = "、" if lang == "ja" else ", "
        return "; ".join(
            f"{joint.join(words)} → {value(meaning, lang)}" for meaning, words in one.items()
        )
    return f"{one:,}" if isinstance(one, int) else str(one)

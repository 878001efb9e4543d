"""Why something was chosen, and what was done to the data: sentences in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from .doubt_sentences import DOUBTS
from .mark_sentences import MARKS
from .table_sentences import TABLES

NOTES: Mapping[str, tuple[str, str]] = {
    "filled": (
        '{rows} blank cells of "{column}" took the value of another line of their order.',
        "「{column}」の空欄{rows}件は、同じ注文の他の行の値で補いました。",
    ),
    "as_written": (
        'Dates of "{column}" carry a zone ({zones}); the wall clock is taken as written. '
        "{say.timezone} converts.",
        "「{column}」の日時は時差({zones})付きです。表記どおりの日時を使います。{say.timezone} で"
        "変換できます。",
    ),
    "zones_apart": (
        'Dates of "{column}" are of zones that are hours apart ({zones}), and each is taken as its '
        "own clock shows it: which came first, and on which day, may be wrong. {say.timezone} "
        "converts all to one zone.",
        "「{column}」の日時には数時間異なる時差({zones})があり、それぞれ表記どおりに使っています。"
        "前後関係や日付が正しくない可能性があります。{say.timezone} で一つの時間帯に変換できます。",
    ),
    "guests": (
        '{rows} rows have no customer in "{column}": they count in the shop\'s totals, never as a '
        "customer.",
        "「{column}」が空欄の{rows}行はゲスト注文として店全体の集計にのみ含め、顧客別の集計には含"
        "めません。",
    ),
    "left_out": (
        '{rows} rows are no orders by "{column}", and are left out (their amounts: {amount}).',
        "「{column}」により注文でない{rows}行(金額 {amount})を除きました。",
    ),
    "contains_shipping": (
        'The amounts of "{amount}" contain "{column}", {total} in all; the basis net contains it, '
        "too.",
        "「{amount}」には「{column}」(合計 {total})が含まれます。basis が net でも含んだ金額です。",
    ),
    "contains_discount": (
        'The amounts of "{amount}" are after "{column}", {total} in all; it is not taken off '
        "again.",
        "「{amount}」は「{column}」(合計 {total})を引いた後の金額のため、重ねて引きません。",
    ),
    "layout_says": (
        '"{column}" holds something in {rows} rows: {says}',
        "「{column}」に値のある行が{rows}行あります。{says}",
    ),
    "no_customer_joins": (
        "None of the {customers} customers of {file} has an order: another form of ids, or "
        "another column?",
        "{file}の顧客{customers}人のうち注文のある人はいません。IDの形式か列が異なる可能性があります。",
    ),
    "what_counts": (
        "{orders} orders of {customers} customers count, and {guests} of guests: {revenue} in all."
        "{unread}",
        "集計対象は顧客{customers}人の注文{orders}件とゲスト注文{guests}件、売上は合計{revenue}です。"
        "{unread}",
    ),
    "guest_words": (
        'In "{column}" these values mean no account, their rows are guests\': {words}.',
        "「{column}」の次の値は会員でないものとし、ゲスト注文として扱います: {words}。",
    ),
    "zero_id": (
        'The id {id} of "{column}" has more rows than any other; many shops write it for orders '
        'without an account. {say.guest_id:{id}} makes them guests, {say.guest_id:""} confirms a '
        "customer.",
        "「{column}」の値 {id} は他のどの顧客より行数が多く、会員でない注文を表すことがあります。"
        '{say.guest_id:{id}} でゲスト注文に、{say.guest_id:""} で顧客とします。',
    ),
    "prevailing_id": (
        'One value of "{column}" has {rows} rows, ten times as many as any other. If it means '
        "orders without an account, {say.guest_id} names it.",
        "「{column}」の一つの値が{rows}行あり、他のどの値の十倍以上です。会員でない注文を表す場合"
        "は {say.guest_id} で指定してください。",
    ),
    "ids_folded": (
        '{ids} ids of "{column}" differed from another only by case, width or blanks and count as '
        "the same customer; {say.id_fold:none} keeps them apart.",
        "「{column}」の{ids}件は大文字小文字・全角半角・空白だけが異なるため、同じ顧客としました。"
        "{say.id_fold:none} で区別します。",
    ),
    "near_ids": (
        '{ids} ids of "{column}" differ from another only by case, width or blanks and count as '
        "different customers; {say.id_fold:case} makes them one, {say.id_fold:none} confirms.",
        "「{column}」の{ids}件は大文字小文字・全角半角・空白だけが他と異なり、別の顧客として数えま"
        "す。同じ顧客なら {say.id_fold:case}、別の顧客なら {say.id_fold:none} を指定してください。",
    ),
    "rounded_ids": (
        '{ids} ids of "{column}" are numbers that a spreadsheet has rounded, such as 1.23E+11: '
        "different ones may have become one. Export the file anew without opening it there.",
        "「{column}」の{ids}件は表計算ソフトで丸められた数値(1.23E+11 など)です。別のIDが同じ値に"
        "なっている可能性があるため、開かずに出力し直してください。",
    ),
    "near_numbers": (
        '{ids} ids of "{column}" differ from another only by zeros before it or a ".0" behind it '
        "and count as different customers; {say.id_fold:number} makes them one, {say.id_fold:none} "
        "confirms.",
        "「{column}」の{ids}件は先頭の0や末尾の「.0」だけが他と異なり、別の顧客として数えます。同"
        "じ顧客なら {say.id_fold:number}、別の顧客なら {say.id_fold:none} を指定してください。",
    ),
    "near_orders": (
        '{ids} numbers of "{column}" differ from another only by zeros before it or a ".0" behind '
        "it and count as different orders.",
        "「{column}」の{ids}件は先頭の0や末尾の「.0」だけが他と異なり、別の注文として数えます。",
    ),
    "taken_once": (
        '"{column}" is taken as the order\'s total, once an order ({once}); summed over all rows '
        "it would be {each}: {say.amount_is:line}.",
        "「{column}」は注文の合計として1回だけ数えました({once})。全行の合計なら{each}です("
        "{say.amount_is:line})。",
    ),
    "repeated_totals": (
        '{orders} orders have several rows with the same "{column}", and no column of items tells '
        "them apart. It is taken once an order ({once}); if rows are payments or orders of their "
        "own, they come to {each}: {say.amount_is:line}. {say.amount_is:order} confirms.",
        "{orders}件の注文に同じ「{column}」の行が複数あり、商品などの違いがありません。1回だけ数え"
        "ました({once})。各行が別の支払いや注文なら合計は{each}です("
        "{say.amount_is:line})。{say.amount_is:order} で確定します。",
    ),
    "refund_rows": (
        '{rows} rows give money back by "{column}", as you said: their amounts count below zero.',
        "「{column}」により{rows}行を返金の行とし、金額を負の値として数えます(指定どおり)。",
    ),
    "unpaid_days": (
        '"{column}" is blank in {orders} orders that count, and others have a day there: '
        "{say.where} or the file leaves out those that do not count, {say.ignore:{column}} says "
        "that it does not matter.",
        "「{column}」が空欄の注文{orders}件が集計対象になっています。対象外なら絞り込むかファイル"
        "から除き、関係なければ {say.ignore} を指定してください。",
    ),
    "partial_refunds": (
        '{orders} orders are "{word}" by "{column}" and count in full, as no column says what was '
        "given back: {say.refunded} names it, {say.status_map:{word}=completed} confirms.",
        "「{column}」が「{word}」の注文{orders}件は、返金額の列がないため全額を数えています。"
        "{say.refunded} で列を、{say.status_map:{word}=completed} で確定します。",
    ),
    "partial_blank": (
        '{orders} orders are "{word}" by "{column}", and "{money}" says nothing of them: they '
        "count in full. {say.status_map:{word}=completed} confirms.",
        "「{column}」が「{word}」の注文{orders}件は「{money}」が空欄か0のため、全額を数えています。"
        "{say.status_map:{word}=completed} で確定します。",
    ),
    "refunded_in_part": (
        '{orders} orders of {whole} are "{word}" by "{column}" and do not count, while "{money}" '
        "gives back {part} of them; with that alone taken off they come to {rest}: "
        "{say.status_map:{word}=completed}. {say.status_map:{word}={meaning}} confirms.",
        "「{column}」が「{word}」の注文{orders}件({whole})は集計から除きましたが、「{money}」の返"
        "金は{part}です。返金額だけを差し引くと{rest}です("
        "{say.status_map:{word}=completed})。{say.status_map:{word}={meaning}} で確定します。",
    ),
    "line_states": (
        '{orders} orders have lines in different states by "{column}": {rows} cancelled, returned '
        "or refunded lines do not count, the others stay.",
        "「{column}」の状態が明細ごとに異なる注文が{orders}件あります。取消・返品・返金の明細"
        "{rows}行は数えず、他の明細は数えます。",
    ),
    "marked_ids": (
        '{ids} ids of "{column}" had the marks of a spreadsheet around them (="007"), which are '
        "left out.",
        '「{column}」の{ids}件から、表計算ソフトの記号(="007" など)を除きました。',
    ),
    "unread_percent": (
        '"{column}" holds a discount in percent ({rows} rows) and was not read: '
        "{say.ignore:{column}} says that the amounts are net of it; else take it off in the file.",
        "「{column}」は割引率のようですが({rows}行)、読み込んでいません。差し引き済みなら "
        "{say.ignore} を、そうでなければファイルで差し引いてください。",
    ),
    "second_discount": (
        '"{column}" looks like a discount ({rows} rows) beside the one that is read, and was not '
        "read: add them up in the file, or {say.ignore:{column}} says that the amounts are net of "
        "it.",
        "「{column}」も値引きのようですが({rows}行)、読み込む値引きは1列だけです。ファイルで合計す"
        "るか、差し引き済みなら {say.ignore} を指定してください。",
    ),
    "negative_pieces": (
        '{rows} rows have a quantity below zero in "{column}" and an amount above it; the amounts '
        "({amount}) count as sales. Write returns with amounts below zero; {say.ignore:{column}} "
        "confirms.",
        "「{column}」が負で金額が正の行が{rows}行({amount})あり、売上として数えています。返品なら"
        "金額を負にし、そうでなければ {say.ignore} で確定してください。",
    ),
    "before_discount": (
        '"{column}" takes off nothing from "{amount}", which is the sum of the other amounts ('
        "{rows} rows): {say.discount:{column}} subtracts it, {say.ignore:{column}} confirms.",
        "「{amount}」は他の金額の合計と一致し、「{column}」が引かれていません({rows}行)。"
        "{say.discount} で差し引き、{say.ignore} で確定します。",
    ),
    "joined_clock": (
        '"{clock}" is the time of day of "{column}", and was read with it.',
        "「{clock}」は「{column}」の時刻として合わせて読みました。",
    ),
    "unused_words": (
        "{option} names {words}, which no cell says.",
        "{option} の {words} はデータにありません。",
    ),
    "unused_words_near": (
        "{option} names {words}, which no cell says; near it are: {near}.",
        "{option} の {words} はデータにありません。近い語: {near}。",
    ),
    "more_kinds": (
        '"{other}" holds known kinds of events too ({words}), and more than "{column}", which is '
        "read: {say.event_column:kind={other}} reads it, {say.event_column:kind={column}} "
        "confirms.",
        "「{other}」にも既知のイベント種別({words})があり、読み込んだ「{column}」より多く含まれま"
        "す。{say.event_column:kind={other}} で読み込み、{say.event_column:kind={column}} で確定し"
        "ます。",
    ),
    "constant_kind": (
        'The kinds of events are read from "{column}": "{other}" is the same in all rows.',
        "「{other}」は全行同じ値のため、イベント種別は「{column}」から読みました。",
    ),
    "rows_twice": (
        "{rows} rows are equal to an earlier row in every column (the first is {row}) and count: "
        "{say.repeated_rows:drop} takes each once, {say.repeated_rows:keep} confirms.",
        "{rows}行は全項目が前の行と同じですが、そのまま数えています(最初は{row})。"
        "{say.repeated_rows:drop} で1回だけ数え、{say.repeated_rows:keep} で確定します。",
    ),
    "rows_left_out": (
        "{rows} rows are equal to an earlier row in every column (the first is {row}) and are left "
        "out, as you said.",
        "{rows}行は全項目が前の行と同じため(最初は{row})、指定どおり除きました。",
    ),
    "totals_among": (
        '"{column}" says "{word}" or another word for a total in {rows} rows; they come to '
        "{amount} and count like any line. Leave them out of the file; {say.ignore:{column}} says "
        "that they are lines.",
        "「{column}」が「{word}」など合計を表す行が{rows}行({amount})あり、明細として数えています。"
        "合計行ならファイルから除いてください。明細なら {say.ignore} で確定します。",
    ),
    "charges_among": (
        '"{column}" says "{word}" or another word for a charge in {rows} rows; they come to '
        "{amount} and count in the revenue like any line.",
        "「{column}」が「{word}」など送料・手数料・値引きを表す行が{rows}行({amount})あり、"
        "売上に含めています。",
    ),
    "discounts_among": (
        '"{column}" says "{word}" or another word for a discount in {rows} rows whose amounts are '
        "above zero, and they are added: the total is {total}, with these rows taken off {less}. "
        "{say.refund_rows:{column}={word}} takes them off, {say.ignore:{column}} says that they "
        "count.",
        "「{column}」が「{word}」など値引きを表す{rows}行の金額が正のため加算しています。合計は"
        "{total}、差し引くと{less}です。{say.refund_rows:{column}={word}} で差し引き、"
        "{say.ignore:{column}} で加算を確定します。",
    ),
    "parts_of_sets": (
        '"{column}" names what {rows} rows belong to; they have amounts of their own ({amount}), '
        "which count beside that of the set. {say.where} or the file leaves one of both out; "
        "{say.ignore:{column}} says that the amounts do not overlap.",
        "「{column}」のある{rows}行(セットの内訳など)にも金額({amount})があり、セットと二重に数え"
        "ている可能性があります。重複がなければ {say.ignore} で確定します。",
    ),
    "far_apart": (
        '{orders} numbers of "{column}" stand on dates more than 31 days apart and count as one '
        "order each. Where numbers restart in each year or shop, {say.shop} names the column that "
        'tells them apart; {say.order_id:""} makes each row an order.',
        "「{column}」の{orders}件は31日を超えて離れた日付の行が1つの注文になっています。番号が年や"
        "店舗ごとに振り直される場合は {say.shop} で区別する列を、1行を1注文とするなら "
        '{say.order_id:""} を指定してください。',
    ),
    "refunds_above": (
        '{orders} orders have more in "{column}" than they come to; they count as refunded in '
        "full.",
        "「{column}」が注文の金額を超える注文が{orders}件あります。全額返金として扱います。",
    ),
    "below_zero": (
        '{orders} orders come to less than zero in "{column}" ({amount} in all): by their '
        "sign they are taken as refunds and reduce the revenue; they are not counted as cancelled "
        "orders.",
        "「{column}」の合計が負の注文が{orders}件({amount})あります。"
        "符号により返金として売上から差し引き、キャンセルには数えません。",
    ),
    "below_zero_stopped": (
        '{orders} orders come to less than zero in "{column}" ({amount} in all) and are refunded '
        'or returned by "{status}": they do not count, and take nothing off. {say.status_map} with '
        "their word and completed takes it off; with refunded or returned confirms.",
        "「{column}」の合計が負の注文{orders}件({amount})は「{status}」が返金・返品のため集計から"
        "除かれ、売上から差し引かれません。差し引くなら {say.status_map} でその語を completed と"
        "し、refunded または returned で確定します。",
    ),
    "other_total": (
        '"{column}" is taken as the amount ({own}); "{other}" comes to {total}: '
        "{say.amount:{other}}.",
        "金額には「{column}」({own})を使いました。「{other}」の合計は{total}です({say.amount} で指"
        "定)。",
    ),
    "numbered_amounts": (
        '"{column}" alone is taken as the amount ({own}). With {other} the total is {total}: give '
        "each amount a row of its own, with the order's number.",
        "金額には「{column}」({own})だけを使いました。{other} を合わせると{total}です。"
        "金額ごとに行を分け、同じ注文番号を付けてください。",
    ),
    "other_ids": (
        '"{column}" is taken as the customer ({ids} ids); "{other}" has {others}: '
        "{say.customer_id:{other}}.",
        "顧客には「{column}」({ids}件)を使いました。「{other}」は{others}件です({say.customer_id} "
        "で指定)。",
    ),
    "quantity_unused": (
        '"{column}" is taken as the amount of all pieces of a row ({own}), though nothing says so; '
        "as a price it comes to {unit}: {say.amount_is:unit}. {say.amount_is:line} confirms.",
        "「{column}」は行の全数量の金額としました({own})。単価なら数量を掛けて{unit}です("
        "{say.amount_is:unit})。{say.amount_is:line} で確定します。",
    ),
    "not_used_flag": (
        '"{column}" says {words} in {orders} orders that count ({amount} of {own}), and was not '
        "used: {say.status:{column}} with {say.status_map:{pairs}} leaves them out, "
        "{say.ignore:{column}} says that it does not matter.",
        "「{column}」が {words} の注文{orders}件({own}のうち{amount})が集計対象になっています。"
        "{say.status} と {say.status_map:{pairs}} で除き、{say.ignore} で無視します。",
    ),
    "signs": (
        'All amounts of "{column}" are negative; they are taken without their sign.',
        "「{column}」はすべて負の値のため、符号を除いて使いました。",
    ),
    "order_level": (
        '"{column}" is the order\'s and stands on each of its lines; it is taken once. '
        "{say.line_level:{column}} takes it on every line.",
        "「{column}」は注文単位の金額が明細ごとに繰り返されているため、1回だけ数えます。明細単位な"
        "ら {say.line_level} を指定してください。",
    ),
    "also_stopped": (
        '{orders} orders do not count, or not with all lines, by "{column}"; {say.ignore:{column}} '
        "leaves it out.",
        "「{column}」により注文{orders}件(または明細)を集計から除きます。{say.ignore} で無視できま"
        "す。",
    ),
    "cancelled_lines": (
        "{rows} lines are cancelled in orders that stand; their amounts do not count.",
        "取り消された明細{rows}行の金額は数えません(注文自体は有効)。",
    ),
    "cancelled_parts": (
        "{orders} orders have {rows} cancelled lines beside others; their totals are taken as "
        "they are.",
        "一部の明細({rows}行)だけが取り消された注文が{orders}件あります。合計金額はそのまま数えま"
        "す。",
    ),
    "blank_amounts": (
        '{rows} blank cells of "{column}" are of orders that do not count, and are taken as zero.',
        "集計対象外の注文で「{column}」が空欄の{rows}件は0としました。",
    ),
    "refunds_alone": (
        "Customers who have refunds and no order that counts come to {amount}: it is in the shop's "
        "revenue and its months, and in no table by customer.",
        "返金だけで集計対象の注文がない顧客の金額は {amount} です。"
        "店舗の売上と月別には含み、顧客別の表には含みません。",
    ),
    "not_in_all": (
        "Not every file has {columns}: what only some files have is not read.",
        "一部のファイルにしかない列は読み込みません: {columns}。",
    ),
    "unread_discount": (
        '"{column}" looks like a discount ({rows} rows) and was not read: {say.discount:{column}} '
        "subtracts it, {say.ignore:{column}} says that the amounts are net of it.",
        "「{column}」は値引きのようですが({rows}行)、読み込んでいません。{say.discount} で差し引"
        "き、{say.ignore} で差し引き済みとします。",
    ),
    "not_used_heading": (
        '"{column}" has values in {orders} orders that count ({amount} of {own}), and was not '
        "used: {say.cancelled_at:{column}} (a date or flag), {say.status:{column}} (words) or "
        "{say.refunded:{column}} (money) uses it, {say.ignore:{column}} says that it does not "
        "matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})に値がありますが、使っていませ"
        "ん。"
        "{say.cancelled_at}(日付・フラグ)、{say.status}(状態の語)、{say.refunded}(金額)で使い、"
        "{say.ignore} で無視します。",
    ),
    "not_used_date": (
        '"{column}" is set in {orders} orders that count ({amount} of {own}), and was not used: '
        "{say.cancelled_at:{column}} leaves them out, {say.ignore:{column}} says that it does not "
        "matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})に値がありますが、使っていませ"
        "ん。{say.cancelled_at} で除き、{say.ignore} で無視します。",
    ),
    "not_used_money": (
        '"{column}" holds amounts in {orders} orders that count ({amount} of {own}), and was not '
        "used: with them taken off the total is {rest}: {say.refunded:{column}}. "
        "{say.ignore:{column}} says that it does not matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})に金額がありますが、使っていま"
        "せん。差し引くと{rest}です({say.refunded} で指定)。関係なければ {say.ignore} を指定してく"
        "ださい。",
    ),
    "not_used_percent": (
        '"{column}" holds percentages in {orders} orders that count ({amount} of {own}), and was '
        "not used: write what was given back as money, or {say.ignore:{column}} says that it does "
        "not matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})に率がありますが、使っていません。"
        "金額で書くか、{say.ignore} で無視してください。",
    ),
    "not_used_pieces": (
        '"{column}" speaks of pieces in {orders} orders that count ({amount} of {own}), and was '
        "not used: take them off in the file, or {say.ignore:{column}} says that it does not "
        "matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})に個数がありますが、使っていま"
        "せん。ファイルで差し引くか、{say.ignore} で無視してください。",
    ),
    "not_used_words": (
        '"{column}" says {words} in {orders} orders that count ({amount} of {own}), and was not '
        "used: {say.status:{column}} leaves orders out by it, {say.refund_rows:{column}={word}} "
        "makes such rows refunds, {say.ignore:{column}} says that it does not matter.",
        "「{column}」に {words} とある注文{orders}件({own}のうち{amount})が集計対象になっています。"
        "{say.status} で除き、{say.refund_rows:{column}={word}} で返金の行とし、{say.ignore} で無"
        "視します。",
    ),
    "not_used_stops": (
        '"{column}" says {words} in {orders} orders that count ({amount} of {own}), and was not '
        "used: {say.status:{column}} leaves orders out by it, {say.ignore:{column}} says that it "
        "does not matter.",
        "「{column}」に {words} とある注文{orders}件({own}のうち{amount})が集計対象になっています。"
        "{say.status} で除き、{say.ignore} で無視します。",
    ),
    "not_used_texts": (
        '"{column}" has texts about cancellations or refunds ({words}) in {orders} orders that '
        "count ({amount} of {own}), and was not used: take what does not count out of the file, or "
        "{say.ignore:{column}} says that it does not matter.",
        "「{column}」に取消や返金に関する記述({words})のある注文{orders}件({own}のうち{amount})が"
        "集計対象になっています。該当する行をファイルから除くか、{say.ignore} で無視します。",
    ),
    "less_discount": (
        '"{other}" is "{column}" less "{discount}" in nearly all rows: the amounts are taken '
        "before it ({own}); after it they come to {total}: {say.amount:{other}}. "
        "{say.ignore:{discount}} confirms.",
        "「{other}」はほぼ全行で「{column}」から「{discount}」を引いた値です。値引前の金額で数えま"
        "した({own})。値引後は{total}です({say.amount} で指定)。{say.ignore} で確定します。",
    ),
    "minority_word": (
        '"{column}" is {word} in {rows} rows, and nothing says whether they count like the others: '
        "the amounts come to {own} with them and to {rest} without. {say.refund_rows} takes them "
        "as money given back.",
        "「{column}」が{word}の{rows}行は、他の行と同じく数えてよいか不明です。含めると{own}、除く"
        "と{rest}です。返金の行なら {say.refund_rows} を指定してください。",
    ),
    "outer_sum": (
        '{rows} rows at an end of the file ({row}) are in "{column}" the sum of the others: with '
        "them the amounts come to {own}, without to {rest}. Leave rows of totals out of the file.",
        "ファイルの端の{rows}行({row})の「{column}」は他の行の合計と一致します。含めると{own}、"
        "除くと{rest}です。合計行ならファイルから除いてください。",
    ),
    "total_again": (
        '"{column}" is the same on several rows of one customer and purchase ({orders} times; it '
        "differs {apart} times), and no order number joins them: as lines of one order they come "
        "to {once}, as counted to {each}. {say.order_id} names a number that joins them; "
        "{say.amount_is:line} confirms.",
        "同じ顧客の同じ購入の複数行に同じ「{column}」があり({orders}組、異なるものは{apart}組)、"
        "注文番号でまとめられません。1回だけ数えると{once}、現在は{each}です。{say.order_id} で注文"
        "番号の列を、{say.amount_is:line} で確定します。",
    ),
    "blank_dropped": (
        "{rows} rows have no value in {columns} and are left out, as {say.bad_rows:drop} says; "
        "their amounts come to {amount}. Cells that are merged in a spreadsheet are blank below "
        "the first: fill them down.",
        "{columns}が空欄の{rows}行(金額 {amount})は {say.bad_rows:drop} により除きました。結合され"
        "たセルは2行目以降が空欄になります。値を補ってください。",
    ),
    "refunds_left_out": (
        '{rows} of the rows that "{column}" leaves out give money back ({amount}): it is not '
        "taken off the revenue.",
        "「{column}」により除いた行のうち返金の{rows}行({amount})は、売上から差し引いていません。",
    ),
    "refunds_left_out_by": (
        '{rows} of the rows that "{column}" leaves out give money back ({amount}): it is not '
        "taken off the revenue. {say.refund_rows:{column}={word}} takes it off.",
        "「{column}」により除いた行のうち返金の{rows}行({amount})は、売上から差し引いていません。"
        "差し引くには {say.refund_rows:{column}={word}} を指定してください。",
    ),
    "no_days": (
        '{rows} cells of "{column}" hold a day that programs write for none, such as 9999-12-31 or '
        "1970-01-01; they cancel nothing.",
        "「{column}」の{rows}件は値なしを表す日付(9999-12-31、1970-01-01 など)のため、"
        "キャンセルとしません。",
    ),
    "differs_total": (
        'The heading "{column}" says an order\'s total, but it differs between lines of an order: '
        "lines are summed. {say.amount_is:line} confirms.",
        "見出し「{column}」は注文の合計ですが、同じ注文の明細で値が異なるため、明細として合計しま"
        "した。{say.amount_is:line} で確定します。",
    ),
    "strange_words": (
        '"{column}" says {words} in {orders} orders, which is not known and stops no order: all '
        "rows come to {own}, without these to {without}. "
        "{say.status_map:WORD=cancelled} does, {say.status_map:WORD=completed} confirms, "
        "{say.ignore:{column}} leaves it out.",
        "「{column}」の {words} は不明な語({orders}件)で、注文を除外しません。含めると{own}、除くと"
        "{without}です。{say.status_map} で意味を、"
        "{say.ignore} で無視を指定できます。",
    ),
    "odd_dates": (
        '"{column}" holds implausible dates: {early} before 1990, {late} in the future, {far} ten '
        "years and more from nearly all others; {say.date_format:buddhist} reads other calendars.",
        "「{column}」に疑わしい日付があります: 1990年より前{early}件、未来{late}件、"
        "他から10年以上離れたもの{far}件。",
    ),
    "statuses": ("Statuses: {map}.", "対応状況の読み替え: {map}。"),
    "order_kinds": ("Kinds of orders: {map}.", "注文種別の読み替え: {map}。"),
    "unread": (
        '{rows} cells of "{column}" could not be read; their rows are left out.',
        "「{column}」の{rows}件は読み取れないため、その行を除きました。",
    ),
    "unread_dates": (
        '{rows} cells of "{column}" could not be read; their rows are left out, unless another '
        "row of their order has the date.",
        "「{column}」の{rows}件は読み取れないため、同じ注文の他の行に日付がない限り、その行を除き"
        "ました。",
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
    "unquoted": (
        "{file}: quotes are read as letters, as one opens a field in line {line} that no quote "
        "closes there, and each line has all fields without them.",
        "{file}: {line}行目の引用符が閉じられておらず、引用符がなくても各行の項目数が合うため、"
        "引用符を文字として読みました。",
    ),
    "no_rows": (
        "{file} has headings and no rows.",
        "{file}は見出しのみで、データ行がありません。",
    ),
    "arrays": (
        "{file}: lists within a row are not read: {columns}.",
        "{file}: 行の中の配列は読み取りません: {columns}。",
    ),
    "lists_told": (
        '{file}: the list "{column}" within {rows} rows is not read, and speaks of refunds or '
        "cancellations ({words}): write what counts as columns of the order, or "
        "{say.ignore:{column}} says that it does not matter.",
        "{file}: {rows}行の中の配列「{column}」は読み取りませんが、返金や取消を含むようです("
        "{words})。注文の列として書き出すか、関係なければ {say.ignore} を指定してください。",
    ),
    "list_beside": (
        '{file}: the list "{column}" holds amounts too, and is not read beside "{items}": write '
        "what belongs to the amount as a column of the order, or {say.ignore:{column}} says that "
        "it does not matter.",
        "{file}: 配列「{column}」にも金額がありますが、「{items}」のほかは読み取りません。金額に含"
        "めるものは注文の列として書き出すか、関係なければ {say.ignore} を指定してください。",
    ),
    "list_read": (
        '{file}: the orders have no amount of their own, so that each element of "{column}" is a '
        "row: {lines} of {rows} orders.",
        "{file}: 注文に金額の列がないため、「{column}」の各要素を1行としました"
        "({rows}件、{lines}行)。",
    ),
    "sheets_alike": (
        '{file}: only the sheet "{sheet}" is read; {others} have the same headings and are not '
        "read. FILE#SHEET names each, and several files are read as one.",
        "{file}: シート「{sheet}」のみを読み取りました。同じ見出しの{others}は読み取っていません。"
        "ファイル名#シート名 で指定でき、複数のファイルはまとめて読み取れます。",
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
        "{orders}件の注文は複数のファイルで内容が異なるため、指定どおり最後のファイルの内容を使い"
        "ました。",
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
        "CPM's money threshold (70,000 yen by convention) is 7 × the mean order value here, "
        "{amount}: the currency is {currency}.",
        "通貨が{currency}のため、CPM分析の金額基準(通常は7万円)は平均注文単価の7倍、{amount}とし"
        "ました。",
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
        "{say.event_kind:WORD=MEANING} says otherwise.",
        "次のイベントはカートの段階ではなく、その他の行動として扱います: {kinds}。"
        "{say.event_kind:語=意味} で変更できます。",
    ),
    "machines": (
        '"{column}" says yes in {events} events, which count like those of visitors. Read it as a '
        "dimension and filter by it, or leave the rows out of the file.",
        "「{column}」が真のイベントが{events}件あり、訪問者のものとして数えています。"
        "絞り込みの項目として読み込むか、ファイルから除いてください。",
    ),
    "no_pages": (
        "The events name no pages, or no kind is a view: exits and ways are left out.",
        "ページ名または閲覧イベントがないため、離脱率と遷移図は省きました。",
    ),
    "nobody_held_out": (
        "The log of messages has nobody who was held out by chance, so what the messages brought "
        "cannot be told from what would have come anyway.",
        "配信ログに、無作為に配信を控えた人がいないため、配信がなくても生まれた購入と区別できません。",
    ),
    "worked_without_orders": (
        "The log of messages has no purchases, and its customers could not be joined with those of "
        "the orders.",
        "配信ログに購入がなく、注文データの顧客とも結び付けられませんでした。",
    ),
    "several_experiments": (
        "The log has assignments that are not of one experiment: crm run experiment reads one.",
        "ログに複数の実験があります。crm run experiment で1つずつ分析できます。",
    ),
    "no_funnel": (
        "Fewer than two steps of the way to an order occur: {say.funnel} names others.",
        "購入までの段階が2つ未満のため、ファネルは省きました。{say.funnel} で指定できます。",
    ),
    "no_carts": (
        "No kind puts into the cart, or none buys: carts are left out.",
        "カート追加または購入のイベントがないため、カゴ落ちは省きました。",
    ),
    "filtered_customers": ("Only customers with {where}.", "対象の顧客: {where}。"),
    **DOUBTS,
    **MARKS,
    **TABLES,
}

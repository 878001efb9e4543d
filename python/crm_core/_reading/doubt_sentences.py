"""Sentences on columns and rows that change what the amounts come to, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

DOUBTS: Mapping[str, tuple[str, str]] = {
    "less_discount_plus": (
        '"{other}" is "{column}" less "{discount}" and with {more} in nearly all rows: the amounts '
        "are taken before them ({own}); after them they come to {total}: {say.amount:{other}}. "
        "{say.ignore:{discount}} confirms.",
        "「{other}」はほぼ全行で「{column}」から「{discount}」を引き、{more}を加えた値です。その前"
        "の金額で数えました({own})。その後は{total}です({say.amount} で指定)。{say.ignore} で確定"
        "します。",
    ),
    "nanos": (
        '"{other}" holds the fractions of "{column}" and was not read: the amounts come to {own}, '
        "with them to {total}. Write them as one number in the file; {say.ignore:{other}} "
        "confirms.",
        "「{other}」は「{column}」の小数部ですが、読み込んでいません。金額は{own}、加えると{total}で"
        "す。ファイルで1つの数にするか、{say.ignore} で確定してください。",
    ),
    "part_of_payments": (
        '"{column}" is what was paid in one way ({own}), and {others} holds what was paid in '
        "others: together they come to {total}. Write them as one column in the file; "
        "{say.ignore} of the others confirms.",
        "「{column}」は1つの支払方法の金額({own})で、{others}にほかの方法の金額があります。合わせる"
        "と{total}です。ファイルで1列にまとめるか、ほかの列を {say.ignore} で指定して確定してくださ"
        "い。",
    ),
    "payout_taken": (
        '"{column}" ({own}) is what is paid out, after fees, and "{other}" comes to {total}: '
        "{say.amount:{other}} reads what customers paid, {say.ignore:{other}} confirms.",
        "「{column}」({own})は手数料を引いた後の金額で、「{other}」は{total}です。顧客の支払額なら "
        "{say.amount} で指定し、このままなら {say.ignore} で確定してください。",
    ),
    "title_word": (
        'A line above the headings of {file} says "{word}", and all rows count ({own}): if they '
        "are no orders that count, the total is 0 without the file. Leave the file out; "
        "{say.known:title_word} confirms.",
        "{file}の見出しより上の行に「{word}」とありますが、すべての行を集計しています({own})。集計"
        "対象でなければ、除くと0です。ファイルを除くか、{say.known:title_word} で確定してくださ"
        "い。",
    ),
    "owed": (
        '"{column}" says that {orders} orders are not paid, or in part, and they count: all come '
        "to {own}, without these orders to {without}, without what is owed to {less}. Leave them "
        "out of the file, or {say.ignore:{column}} confirms.",
        "「{column}」によると{orders}件の注文は未払い(または一部のみ支払い)ですが、集計対象です。"
        "すべてで{own}、これらを除くと{without}、未払い分を引くと{less}です。ファイルから除くか、"
        "{say.ignore} で確定してください。",
    ),
    "less_share": (
        '"{other}" is "{column}" less the share "{discount}" of it in nearly all rows: the amounts '
        "are taken before it ({own}); after it they come to {total}: {say.amount:{other}}. "
        "{say.ignore:{discount}} confirms.",
        "「{other}」はほぼ全行で「{column}」から割合「{discount}」を引いた値です。値引前の金額で数"
        "えました({own})。値引後は{total}です({say.amount} で指定)。{say.ignore} で確定します。",
    ),
    "unread_share": (
        '"{column}" holds values of at most 1 ({rows} rows), which look like shares of the amount, '
        "and was not read: the amounts come to {own} as they are and to {less} with the shares "
        "taken off. Write in the file what is taken off; {say.ignore:{column}} says that the "
        "amounts are net of it.",
        "「{column}」は1以下の値({rows}行)で割引率のようですが、読み込んでいません。金額はそのまま"
        "で{own}、割合を差し引くと{less}です。ファイルで差し引くか、差し引き済みなら {say.ignore} "
        "を指定してください。",
    ),
    "rate_unused": (
        '"{column}" is a rate of exchange, is not 1 in {rows} rows and was not used: the amounts '
        "come to {own} as they are, and to {times} times the rate. Amounts of different currencies "
        "are not added up: convert them in the file, or {say.ignore:{column}} says that they are "
        "in one currency.",
        "「{column}」は為替レートで、{rows}行で1以外ですが、使っていません。金額はそのままで{own}、"
        "レートを掛けると{times}です。通貨が混在するならファイルで換算し、同じ通貨なら "
        "{say.ignore} を指定してください。",
    ),
    "tax_mixed": (
        'By "{column}" the tax is contained in some amounts and not in {rows} rows ({without} of '
        "{own}), and all are added as they are. Write them alike in the file; "
        "{say.ignore:{column}} says that they are.",
        "「{column}」によると税込の金額と税抜の金額({rows}行、{own}のうち{without})が混在しますが、"
        "そのまま合計しています。ファイルで揃えるか、揃っていれば {say.ignore} を指定してくださ"
        "い。",
    ),
    "tax_mixed_added": (
        'By "{column}" the tax is contained in some amounts and not in {rows} rows ({without} of '
        '{own}), and all are added as they are; with "{tax}" added to those the total is {added}. '
        "Write them alike in the file; {say.ignore:{column}} says that they are.",
        "「{column}」によると税込の金額と税抜の金額({rows}行、{own}のうち{without})が混在しますが、"
        "そのまま合計しています。税抜の行に「{tax}」を加えると{added}です。ファイルで揃えるか、揃"
        "っていれば {say.ignore} を指定してください。",
    ),
    "versions_count": (
        '{orders} orders stand in the file in several states, which "{column}" tells apart: all '
        "rows come to {own}, the last state of each order alone to {last}: "
        "{say.keep_last:{column}}. {say.ignore:{column}} says that all rows count.",
        "「{column}」の異なる行が同じ注文に複数あります({orders}件)。すべての行では{own}、各注文の"
        "最新の行だけなら{last}です({say.keep_last} で指定)。すべて数えるなら {say.ignore} を指定し"
        "てください。",
    ),
    "personal_addresses": (
        '{pages} addresses in "{column}" ({events} events) hold a mail address, or a parameter '
        "such as email or token, and tables of pages show them. Cut them off in the file.",
        "「{column}」の{pages}件のアドレス(イベント{events}件)に、メールアドレスまたは email や "
        "token などのパラメーターがあり、ページの表に表示されます。ファイルで削除してください。",
    ),
    "blank_pending": (
        '{rows} blank cells of "{column}" are of orders that are pending: these count, and their '
        "cells are taken as zero. {say.bad_rows:drop} leaves them out.",
        "「{column}」が空欄の{rows}件は保留中の注文です。注文として数え、その値は0とします。"
        "{say.bad_rows:drop} で除きます。",
    ),
    "running_total": (
        '"{column}" rises with nearly each order of a customer ({rises} of {steps} times, of '
        "{customers} customers with three orders and more), as a customer's total so far does: "
        "as amounts these orders come to {own}, as totals so far to {last}. If it is one, write "
        "in the file what each order comes to.",
        "「{column}」は顧客の注文ごとに増えています({steps}回中{rises}回、注文3件以上の顧客"
        "{customers}人)。顧客の累計金額の可能性があります。金額としては{own}、累計としては{last}で"
        "す。累計ならファイルで注文ごとの金額に直してください。",
    ),
    "subtotals_customer": (
        'In {rows} rows (the first is {row}) "{column}" is the sum of the rows above it of the '
        "same customer: with these rows the amounts come to {own}, without them to {rest}. Leave "
        "rows of subtotals out of the file.",
        "{rows}行(最初は{row})の「{column}」は、同じ顧客の上の行の合計と一致します。含めると{own}、"
        "除くと{rest}です。小計の行ならファイルから除いてください。",
    ),
    "subtotals_period": (
        'In {rows} rows (the first is {row}) "{column}" is the sum of the rows above it of the '
        "same day or month: with these rows the amounts come to {own}, without them to {rest}. "
        "Leave rows of subtotals out of the file.",
        "{rows}行(最初は{row})の「{column}」は、同じ日または月の上の行の合計と一致します。含める"
        "と{own}、除くと{rest}です。小計の行ならファイルから除いてください。",
    ),
    "subtotals_blank": (
        'In {rows} rows without a customer (the first is {row}) "{column}" is the sum of the '
        "rows above: with these rows the amounts come to {own}, without them to {rest}. Leave "
        "rows of subtotals out of the file.",
        "顧客のない{rows}行(最初は{row})の「{column}」は、上の行の合計と一致します。含めると{own}、"
        "除くと{rest}です。小計の行ならファイルから除いてください。",
    ),
    "subtotals_word": (
        "{rows} rows (the first is {row}) have a word for a total and count like any row: with "
        "them the amounts come to {own}, without them to {rest}. Leave rows of subtotals out of "
        "the file.",
        "合計を表す語のある{rows}行(最初は{row})も注文として数えています。含めると{own}、除くと"
        "{rest}です。小計の行ならファイルから除いてください。",
    ),
    "minority_words": (
        '"{column}" has words that nothing explains ({word}) in {rows} rows: the amounts come to '
        "{own} with them and to {rest} without. {say.refund_rows} takes them as money given back.",
        "「{column}」の意味の分からない語({word})が{rows}行にあります。含めると{own}、除くと{rest}"
        "です。返金の行なら {say.refund_rows} を指定してください。",
    ),
    "dates_dropped": (
        "{rows} rows have a date in {columns} that cannot be read and are left out, as "
        "{say.bad_rows:drop} says; their amounts come to {amount}.",
        "{columns}の日付を読み取れない{rows}行(金額 {amount})は {say.bad_rows:drop} により除きまし"
        "た。",
    ),
    "dates_dropped_and_gone": (
        "{rows} rows have a date in {columns} that cannot be read and are left out, as "
        "{say.bad_rows:drop} says; their amounts come to {amount}, without {gone} rows whose "
        "amount cannot be read either.",
        "{columns}の日付を読み取れない{rows}行(金額 {amount}、ほかに金額も読み取れない{gone}行)は "
        "{say.bad_rows:drop} により除きました。",
    ),
    "money_dropped": (
        '{rows} cells of "{column}" could not be read: their rows count, and nothing is taken '
        "off or added for these cells.",
        "「{column}」の{rows}件は読み取れないため、その値を0として行は数えました。",
    ),
    "amounts_dropped": (
        '{rows} cells of "{column}" could not be read and their rows are left out, as '
        "{say.bad_rows:drop} says: what they come to is not known, and the totals are without it.",
        "「{column}」を読み取れない{rows}行は {say.bad_rows:drop} により除きました。その金額は不明"
        "で、合計に含まれません。",
    ),
    "unread_rate": (
        '"{column}" is a rate of the list price ({rows} rows) and was not read: the amounts come '
        "to {own} as they are and to {less} times the rate. Write in the file what is paid; "
        "{say.ignore:{column}} says that the amounts are.",
        "「{column}」は掛率({rows}行)のようですが、使っていません。金額はそのままで{own}、掛けると"
        "{less}です。ファイルで掛けるか、掛けた後の金額なら {say.ignore} を指定してください。",
    ),
    "may_be_cents": (
        '{rows} of the {all} amounts of "{column}" are whole numbers: they come to {own}, or to '
        "{cents} if they are cents: {say.amount_unit:minor}. {say.amount_unit:major} confirms.",
        "「{column}」の金額{all}件のうち{rows}件は整数です。合計は{own}、セント単位なら{cents}です("
        "{say.amount_unit:minor})。{say.amount_unit:major} で確定します。",
    ),
    "charges_beside": (
        '"{column}" is taken as it is ({own}), with or without charges as the file has it: '
        "{charges} is neither added nor taken off.",
        "金額は「{column}」のまま({own})です。{charges} は加えても引いてもいません。",
    ),
    "fees_taken_off": (
        '"{column}" ({own}) may be what is left after fees: {charges} is neither added nor taken '
        "off. {say.amount} names what customers paid.",
        "「{column}」({own})は手数料を引いた後の金額かもしれません。{charges} は加えても引いてもい"
        "ません。顧客の支払額の列があれば {say.amount} で指定してください。",
    ),
    "constant_date": (
        '"{column}" is the same day in {rows} of {all} rows, as the day of an export is, and '
        '"{other}" holds dates that differ: {say.ordered_at:{other}} reads them, '
        "{say.ordered_at:{column}} confirms.",
        "「{column}」は{all}行のうち{rows}行が同じ日(出力日など)で、「{other}」には異なる日"
        "付があります。"
        "{say.ordered_at} で列を指定してください。",
    ),
    "no_customer": (
        'In "{column}" these values mean no customer: {words}.',
        "「{column}」の次の値は顧客でないものとします: {words}。",
    ),
    "identity_unread": (
        'Each of the {ids} ids of "{column}" counts as a visitor. "{other}" was not read: it has '
        "{persons} ids, of which {joined} join several of these: "
        "{say.event_column:visitor_id={other}} counts by it, "
        "{say.event_column:customer_id={other}} takes it as the customer who logs in.",
        "「{column}」の{ids}件のIDをそれぞれ訪問者として数えています。「{other}」({persons}件)は読み込"
        "んでいませんが、そのうち{joined}件は複数のIDを1人にまとめます。"
        "{say.event_column:visitor_id={other}} でその単位で数え、"
        "{say.event_column:customer_id={other}} でログインした顧客とします。",
    ),
    "near_people": (
        '{ids} ids of "{column}" differ from another only by case, width, blanks, zeros before or '
        ".0 behind it, and count as different people. Write them alike in the file.",
        "「{column}」の{ids}件は大文字小文字・全角半角・空白・先頭の0・末尾の.0だけが他と異なり、"
        "別の人として数えます。ファイルで表記をそろえてください。",
    ),
    "prevailing_person": (
        'One value of "{column}" has {rows} events, ten times as many as any other: where it means '
        "many people, or a machine, leave these rows out.",
        "「{column}」の一つの値に{rows}件のイベントがあり、他のどの値の十倍以上です。複数の人や機械"
        "を表す場合は、その行を除いてください。",
    ),
    "purchases_again": (
        '{orders} orders have the same amount in several purchases of "{column}", as a page of '
        "thanks that was loaded again, or an order's total on each of its items: all come to "
        "{each}, once an order to {once}. Leave an order's further purchases out of the file.",
        "{orders}件の注文は、複数の購入イベントの「{column}」が同じ金額です(完了ページの再表"
        "示や、商品"
        "ごとに書かれた合計など)。すべてで{each}、1注文1回では{once}です。重複する購入はファイルか"
        "ら除いてください。",
    ),
    "nobody_visitor": (
        'In "{column}" stands {words} in {events} events, which count as those of one visitor; '
        "many logs write it for people who are not logged in. {say.event_column:visitor_id=COLUMN} "
        "names a column of the visitor, such as that of a cookie; else leave such rows out.",
        "「{column}」の値 {words} の{events}件は一人の訪問者の行動として数えます。ログインしていな"
        "い人を表すことが多い値です。{say.event_column:visitor_id=COLUMN} でクッキーなど訪問者の列"
        "を指定するか、その行を除いてください。",
    ),
    "nobody_customer": (
        'The id {words} of "{column}" has more events than any other ({events}); many logs write '
        "it for people who are not logged in, and it joins all of their visits to one customer. "
        "Leave it blank in the file if it means nobody.",
        "「{column}」の値 {words} は他のどの顧客よりイベントが多く({events}件)、ログインしていない"
        "人を表すことがあります。その場合は一人の顧客にまとめられるので、ファイルで空欄にしてくださ"
        "い。",
    ),
    "same_moment": (
        "{rows} rows have the customer and the time of another row, and each row counts as an "
        "order ({own}): as lines of one order each they come to {orders} orders. {say.order_id} "
        'names a number that joins them; {say.order_id:""} confirms.',
        "{rows}行は他の行と顧客・日時が同じですが、1行を1注文として数えています({own}件)。同じ注文"
        "の明細なら{orders}件です。{say.order_id} で注文番号の列を指定するか、"
        '{say.order_id:""} で確定してください。',
    ),
    "corrected": (
        "{rows} rows have the customer and the time of another row, and no column of items tells "
        "them apart: as an order each ({own}) they come to {each}, as lines of one order each they "
        "are {orders} orders; where the last row corrects the ones before it, all come to {last}. "
        '{say.order_id} names a number that joins them; {say.order_id:""} confirms orders; rows '
        "that were corrected have to be left out of the file.",
        "{rows}行は他の行と顧客・日時が同じで、商品などの列でも区別できません。1行を1注文とすると"
        "{own}件で合計{each}、同じ注文の明細なら{orders}件、後の行が前の行の訂正なら合計"
        "{last}です。"
        '{say.order_id} で注文番号の列を指定するか、{say.order_id:""} で確定してください。訂正前の'
        "行はファイルから除いてください。",
    ),
    "parts_of_numbers": (
        'The numbers of "{column}" count up behind a sign (1001-1, 1001-2) on rows of one customer '
        "and time: they count as {own} orders, without that part as {orders}. Write the order's "
        "number in a column of its own; {say.amount_is:line} confirms.",
        "「{column}」は同じ顧客・日時の行に枝番があります(1001-1、1001-2 など)。そのままでは注文"
        "{own}件、枝番を除くと{orders}件です。注文番号を別の列にするか、{say.amount_is:line} で確定"
        "してください。",
    ),
    "lines_joined": (
        'Each line of an order stands once for each value of "{column}", as a join leaves it: all '
        "rows come to {own}, each line once ({rows} rows less) to {once}. Leave one row a line in "
        "the file; {say.ignore:{column}} says that all count.",
        "注文の各明細が「{column}」の値ごとに繰り返されています(結合などによる)。すべての行では"
        "{own}、明細ごとに1回({rows}行を除く)なら{once}です。ファイルで明細ごとに1行にするか"
        "、すべて"
        "数えるなら {say.ignore} を指定してください。",
    ),
    "few_days": (
        '"{column}" has only {days} days, as those of printing or of an export, and "{other}" '
        "holds "
        "dates that differ: {say.ordered_at:{other}} reads them, {say.ordered_at:{column}} "
        "confirms.",
        "「{column}」は{days}日分の日付だけで(出力日など)、「{other}」には異なる日付があります。"
        "{say.ordered_at} で列を指定してください。",
    ),
    "amounts_cleaned": (
        '{rows} cells of "{column}" have something around the number (a mark of a spreadsheet, a '
        "closing dash, a remark on tax, the sign of a currency) or the noise of binary floats, and "
        "were read without it.",
        "「{column}」の{rows}件は、数値の前後の記号や注記、または浮動小数点の誤差を除いて読みまし"
        "た。",
    ),
    "numbers_folded": (
        '{ids} ids of "{column}" differed from another only by zeros before it or a ".0" behind it '
        "and count as the same customer; {say.id_fold:none} keeps them apart.",
        "「{column}」の{ids}件は先頭の0や末尾の「.0」だけが異なるため、同じ顧客としました。"
        "{say.id_fold:none} で区別します。",
    ),
    "headings_again": (
        "{rows} rows hold the headings again, as where exports were put one after the other, and "
        "are left out.",
        "見出しと同じ内容の{rows}行を除きました。",
    ),
    "total_dropped": (
        '{row}, column "{column}", is a row of totals or a remark, and is left out, as '
        "{say.bad_rows:drop} says.",
        "{row}(「{column}」)は合計または注記の行のため、{say.bad_rows:drop} により除きました。",
    ),
    "not_used_codes": (
        '"{column}" holds codes in {orders} orders that count ({amount} of {own}), and was not '
        "used: {say.status:{column}} with {say.status_map} for each code reads it, "
        "{say.ignore:{column}} says that it does not matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})にコードがありますが、使ってい"
        "ません。{say.status} と {say.status_map} で読み込み、{say.ignore} で無視します。",
    ),
    "price_unchecked": (
        '"{column}" is taken as the price of one piece ({own}), as its heading says; as the amount '
        "of a line it comes to {line}: {say.amount_is:line}.",
        "「{column}」は見出しから単価としました({own})。明細の金額なら{line}です("
        "{say.amount_is:line})。",
    ),
    "amounts_blank": (
        '{rows} rows have no value in "{column}" and are left out, as {say.bad_rows:drop} says: '
        "what they come to is not known.",
        "「{column}」が空欄の{rows}行は {say.bad_rows:drop} により除きました。その金額は不明です。",
    ),
    "customers_grouped": (
        '{rows} rows without a customer in "{column}" ({amount}) stand below rows of customers who '
        "are named once, as merged cells leave them: they count as guests. "
        "{say.fill_down:{column}} gives them the value above; {say.guests:keep} confirms.",
        "「{column}」が空欄の{rows}行({amount})は、結合セルのように顧客のある行の下にありますが、"
        "ゲスト注文として数えています。{say.fill_down:{column}} で上の値を補い、{say.guests:keep} "
        "で確定します。",
    ),
    "order_number_unread": (
        '"{column}" is the same on rows of one customer and time and differs elsewhere, as an '
        "order number does: with it there are {orders} orders, without it each of the {rows} rows "
        "is one: {say.order_id:{column}}. {say.ignore:{column}} says that it is none.",
        "「{column}」は同じ顧客・日時の行で同じ値のため、注文番号のようです。使うと注文は{orders}"
        "件、使わないと{rows}行がそれぞれ1注文です({say.order_id} で指定)。関係なければ "
        "{say.ignore} を指定してください。",
    ),
    "total_again_by": (
        '"{column}" is the same on several rows of one customer and purchase ({orders} times; it '
        'differs {apart} times), which "{other}" joins: as lines of one order they come to {once}, '
        "as counted to {each}: {say.order_id:{other}}. {say.amount_is:line} confirms.",
        "同じ顧客の同じ購入の複数行に同じ「{column}」があり({orders}組、異なるものは{apart}組)、"
        "「{other}」でまとめられます。1回だけ数えると{once}、現在は{each}です({say.order_id} で指"
        "定)。{say.amount_is:line} で確定します。",
    ),
    "pieces_unread": (
        '"{column}" is a price, and each row counts as one piece ({own}); times "{other}" it comes '
        "to {times}: {say.quantity:{other}}. {say.ignore:{other}} says that it is no quantity.",
        "「{column}」は単価で、各行を1個として数えています({own})。「{other}」を掛けると{times}で"
        "す({say.quantity} で指定)。数量でなければ {say.ignore} を指定してください。",
    ),
    "json_more": (
        "{file} says that it is one page of several: the orders of the other pages are not in it.",
        "{file}は複数ページのうちの1ページです。他のページの注文は含まれていません。",
    ),
    "json_lists": (
        '{file}: the list "{list}" is read; not read are {others}.',
        "{file}: 配列「{list}」を読み取りました。{others} は読み取っていません。",
    ),
    "sheet_chosen": (
        '{file}: the sheet "{sheet}" is read, the first with headings of orders; not read are '
        "{others}. FILE#SHEET names another.",
        "{file}: 注文の見出しがある最初のシート「{sheet}」を読み取りました。{others}は読み取って"
        "いません。ファイル名#シート名 で指定できます。",
    ),
    "mixed_encodings": (
        '{rows} cells of "{column}" were changed by another encoding, as where é has become Ã©: '
        "the same name may stand in two forms. Export the file again in one encoding.",
        "「{column}」の{rows}件に文字化けがあります。同じ名前が別のものとして数えられる可能性があ"
        "るため、1つの文字コードで出力し直してください。",
    ),
    "all_nothing": (
        'All {orders} orders come to 0 in "{column}" (the rows above zero to {paid}): rows of '
        "payment may stand beside the items, or formulas without their values.",
        "「{column}」の合計がすべての注文({orders}件)で0です(正の行の合計は{paid})。商品の行と支"
        "払の行が混在しているか、数式の値が保存されていない可能性があります。",
    ),
    "lines_again": (
        '{rows} rows repeat a line of their order by "{column}" with the same amount, as a join '
        "with payments or parcels leaves them: all rows come to {own}, each line once to {once}. "
        "Leave one row a line in the file; {say.ignore:{column}} says that all count.",
        "「{column}」により同じ明細の行が{rows}行重複しています(結合などによる)。すべての行では"
        "{own}、明細ごとに1回なら{once}です。ファイルで1行にするか、すべて数えるなら {say.ignore} "
        "を指定してください。",
    ),
    "price_units": (
        '"{column}" says of how many pieces a price is ({rows} rows other than 1), and was not '
        "used: the amounts come to {own} as they are, and to {each} with the price of one piece. "
        "Write the price of one piece in the file; {say.ignore:{column}} says that it is.",
        "「{column}」は価格の単位(何個あたりか)で、{rows}行で1以外ですが、使っていません。金額はそ"
        "のままで{own}、1個あたりの価格にすると{each}です。ファイルで1個あたりの価格にするか、"
        "そうなっていれば {say.ignore} を指定してください。",
    ),
    "no_pieces": (
        '{rows} rows have 0 in "{column}" and an amount: all rows come to {own}, without these to '
        "{without}. Leave them out of the file if nothing was sold; {say.ignore:{column}} "
        "says that "
        "they count.",
        "「{column}」が0なのに金額のある行が{rows}行あります。含めると{own}、除くと"
        "{without}です。販売"
        "でなければファイルから除き、集計してよければ {say.ignore} を指定してください。",
    ),
    "two_signs": (
        'In {rows} rows "{quantity}" and "{column}" are both below zero, so they count as '
        "sales: the "
        "amounts come to {own}, and to {less} if these rows are returns. Write one sign in "
        "the file.",
        "「{quantity}」と「{column}」がともに負の行が{rows}行あり、売上として数えています"
        "({own})。返品な"
        "ら{less}です。ファイルの符号を一つにしてください。",
    ),
    "price_apart": (
        '"{price}" times "{quantity}" is not "{column}" in {rows} of {all} rows: the '
        "amounts come to "
        "{own} as they are, the prices times the pieces to {times}. {say.amount:{price}} takes the "
        "prices, {say.ignore:{price}} confirms the amounts.",
        "「{price}」×「{quantity}」が「{column}」と一致しない行が{all}行中{rows}行あります。"
        "金額のままで"
        "{own}、単価×数量では{times}です。単価なら {say.amount}、金額でよければ "
        "{say.ignore} を指定し"
        "てください。",
    ),
    "parts_of_orders": (
        '"{column}" names other orders of the file in {orders} orders, which may be parts of them '
        "({parts}) and count beside them ({parents}): all rows come to {own}, without the parts to "
        "{without}, without the orders that were split to {rest}. Leave one of them out of "
        "the file; "
        "{say.ignore:{column}} says that all count.",
        "「{column}」はファイル内の別の注文を指しています({orders}件)。分割後の注文"
        "({parts})と元の注文"
        "({parents})の両方を数えて{own}です。分割後を除くと{without}、元の注文を除くと"
        "{rest}です。どち"
        "らかをファイルから除き、すべて数えるなら {say.ignore} を指定してください。",
    ),
    "numbers_of_shops": (
        '{orders} numbers of "{number}" stand in rows of several values of "{column}": '
        "{own} orders "
        "as they are, {more} if each has numbers of its own: {say.shop:{column}}. "
        "{say.ignore:{column}} says that they are the same orders.",
        "「{number}」の{orders}件が「{column}」の異なる行にあります。そのままで{own}件、店舗"
        "ごとの番号"
        "なら{more}件です({say.shop} で指定)。同じ注文なら {say.ignore} を指定してください。",
    ),
    "unpaid_count": (
        '"{column}" says {words} in {orders} orders, which count: all come to {own}, without these '
        "to {without}. {say.status_map:{word}=cancelled} leaves them out, "
        "{say.status_map:{word}=pending} confirms.",
        "「{column}」が {words} の注文{orders}件も集計対象です。含めると{own}、除くと"
        "{without}です。"
        "{say.status_map:{word}=cancelled} で除き、{say.status_map:{word}=pending} で確定します。",
    ),
    "packs_unread": (
        'A price is multiplied by "{quantity}" ({own}); "{column}" looks like the pieces of a '
        "pack, "
        "or the packs: multiplied by both the amounts come to {times}. Multiply them in the file "
        "if the price is that of one piece; {say.ignore:{column}} says that it does not matter.",
        "単価に「{quantity}」を掛けました({own})。「{column}」は入数またはケース数のようで、"
        "両方を掛"
        "けると{times}です。単価が1個の価格ならファイルで掛け、関係なければ {say.ignore} を指定して"
        "ください。",
    ),
    "signs_unread": (
        '"{column}" is -1 in {rows} rows whose amounts are above zero, and was not used: the '
        "amounts come to {own} as they are, and to {less} with these rows taken off: "
        "{say.refund_rows:{column}=-1}. {say.ignore:{column}} confirms.",
        "「{column}」が-1の{rows}行の金額が正のまま加算されています。合計は{own}、差し引くと{less}"
        "です({say.refund_rows:{column}=-1})。{say.ignore} で確定します。",
    ),
    "spread_amounts": (
        'Only "{column}" is taken as the amount ({own}); where it is empty, {others} are not, and '
        "together they come to {total}. Write them as one column in the file.",
        "金額には「{column}」だけを使いました({own})。これが空欄か0の行では{others}に金額があり、"
        "合わせると{total}です。ファイルで1列にまとめてください。",
    ),
    "reversals_unread": (
        '"{column}" names another order in {orders} orders that count ({amount} of {own}), as the '
        "number of what is reversed or replaced does, and was not used: with these orders taken "
        "off the total is {less}. Write amounts that are given back below zero in the file; "
        "{say.ignore:{column}} says that all count.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})で他の注文の番号を示し(取消や"
        "交換の元の注文など)、使っていません。これらを差し引くと{less}です。返金ならファイルで金額"
        "を負にし、すべて数えるなら {say.ignore} を指定してください。",
    ),
    "few_customers": (
        '"{column}" has {ids} ids in {rows} rows: does it name customers, or shops, channels or '
        "tills? {say.customer_id} names another column; {say.customer_id:{column}} confirms.",
        "「{column}」のIDは{rows}行で{ids}種類だけです。顧客ではなく店舗・販路などの可能性がありま"
        "す。{say.customer_id} で列を指定するか、同じ列を指定して確定してください。",
    ),
    "discounts_within": (
        '"{column}" has a word for a discount ({word}) in {rows} rows whose amounts are above '
        "zero, "
        "and they are added: the total is {total}, with these rows taken off {less}. Write them "
        "below zero in the file; {say.ignore:{column}} says that they count.",
        "「{column}」に値引きを表す語({word})を含む{rows}行の金額が正のため加算しています。合計は"
        "{total}、差し引くと{less}です。ファイルで負の値にするか、{say.ignore} で加算を確定してくだ"
        "さい。",
    ),
    "always_together": (
        'In all {orders} orders with one product of "{column}" (the first in {row}) stand the same '
        "{others} other products, with amounts that come near to its own: if they are the parts of "
        "a set, all rows come to {own}, without {rows} rows of parts to {rest}. Leave one of both "
        "out of the file; {say.ignore:{column}} says that the amounts do not overlap.",
        "「{column}」のある商品の注文{orders}件(最初は{row})には、いつも同じ他の{others}商品"
        "があり、"
        "金額の合計も近い値です。セットとその内訳であれば、すべての行で{own}、内訳の{rows}行"
        "を除くと"
        "{rest}です。一方をファイルから除くか、重複がなければ {say.ignore} を指定してください。",
    ),
    "sets_and_parts": (
        '"{column}" tells sets from their parts, and both have amounts: all rows come to {own}, '
        "without {rows} rows of parts to {rest}. Leave one of both out of the file; "
        "{say.ignore:{column}} says that the amounts do not overlap.",
        "「{column}」にはセットとその内訳があり、両方に金額があります。すべての行では{own}、内訳の"
        "{rows}行を除くと{rest}です。一方をファイルから除くか、重複がなければ {say.ignore} を指定"
        "してください。",
    ),
    "numbers_restart_by": (
        '{orders} numbers of "{column}" stand on rows of different times and count as one order '
        'each ({own} orders); "{other}" tells them apart ({more} orders): {say.shop:{other}}. '
        "{say.ignore:{other}} says that it does not matter.",
        "「{column}」の{orders}件は時刻の異なる行が1つの注文になっています(注文{own}件)。「"
        "{other}」"
        "で区別すると{more}件です({say.shop} で指定)。関係なければ {say.ignore} を指定してくださ"
        "い。",
    ),
    "numbers_restart": (
        '{orders} numbers of "{column}" stand on rows of different days and count as one order '
        "each ({own} orders); with the day as a part of the number there are {more}. Where numbers "
        "restart each day, write day and number in one column; "
        '{say.order_id:""} makes each row an order.',
        "「{column}」の{orders}件は日付の異なる行が1つの注文になっています(注文{own}件)。日付と合わ"
        "せて数えると{more}件です。番号が日ごとに振り直される場合は日付と番号を1列にし、1行を1注"
        '文とするなら {say.order_id:""} を指定してください。',
    ),
    "layout_lacks": (
        "The layout {layout} has columns that the file lacks: {columns}. What they say of orders, "
        "such as cancellations and refunds, is not known, and all count.",
        "出力形式({layout})の項目 {columns} がファイルにありません。取消や返金などが分からないた"
        "め、そのまますべて数えました。",
    ),
    "layout_amount": (
        '"{wanted}", the amount of the layout {layout}, is not in the file: "{column}" is taken '
        "instead ({own}). {say.amount:{column}} confirms.",
        "出力形式({layout})の金額「{wanted}」がないため、「{column}」を使いました({own})。"
        "{say.amount} で確定します。",
    ),
    "months_swapped": (
        'In "{column}" all {dates} dates that the spreadsheet has read have days up to 12, and '
        "{texts} that it left as texts have days above 12 (the first is {row}): it has taken days "
        "for months where it could, and most of the former have the wrong month. Export the file "
        "anew without opening it there.",
        "「{column}」では、表計算ソフトが日付として読んだ{dates}件の日がすべて12以下で、文字列のま"
        "まの{texts}件の日が12より大きくなっています(最初は{row})。日と月が入れ替わっているため、"
        "開かずに出力し直してください。",
    ),
    "kinds_of_rows": (
        'By "{column}" there are {kinds} kinds of rows, and in each of {orders} orders the rows of '
        "each kind come to the same money: the order stands there {kinds} times. All rows come to "
        "{own}, one kind to {once}. Leave the other kinds out of the file; {say.ignore:{column}} "
        "says that all count.",
        "「{column}」による{kinds}種類の行が、{orders}件の注文のどれでも種類ごとに同額です。注文が"
        "{kinds}回ずつ入っています。全行で{own}、1種類で{once}です。ほかの種類の行をファイルから"
        "除いてください。{say.ignore} ですべて数えます。",
    ),
    "rows_twice_kept": (
        "{rows} rows are equal to an earlier row in every column (the first is {row}) and count, "
        "as you said.",
        "{rows}行は全項目が前の行と同じですが(最初は{row})、指定どおりそのまま数えました。",
    ),
    "zero_customer": (
        'The id {id} of "{column}" has {rows} rows and counts as one customer (mail addresses in '
        "these rows: {people}); many shops write it for orders without an account. "
        '{say.guest_id:{id}} makes them guests, {say.guest_id:""} confirms a customer.',
        "「{column}」の値 {id} は{rows}行を1人の顧客として数えています(その行のメールアドレス: "
        "{people}種類)。会員でない注文を表すことがあります。{say.guest_id:{id}} でゲスト注文に、"
        '{say.guest_id:""} で顧客とします。',
    ),
    "own_payments": (
        '{rows} rows with a "{column}" below zero are payments of the shop itself, such as '
        "withdrawals, fees and bills ({amount}): they are no refunds, and are left out.",
        "「{column}」が負の{rows}行({amount})は、引き出し・手数料・支払いなど店舗自身の支払いのため、"
        "返金とせずに除きました。",
    ),
    "shop_as_customer": (
        'In {rows} rows below zero ({amount}) "{column}" is the one whom customers pay by '
        '"{other}": these are payments of the shop, or refunds to customers. With them the total '
        "is {own}, without them {rest}. Leave payments of the shop out of the file; refunds belong "
        "to the customer who gets them.",
        "負の{rows}行({amount})の「{column}」は、他の行の「{other}」と同じで店舗自身です。店舗の支払い"
        "か、顧客への返金です。含めた合計は{own}、除くと{rest}です。店舗の支払いはファイルから除き、"
        "返金は受け取る顧客の行としてください。",
    ),
    "only_below_zero": (
        "{customers} customers have only rows below zero ({amount}): they are in the total and in "
        "no table of customers, which come to {rest}. Leave rows that give no customer money back "
        "out of the file.",
        "{customers}人の顧客は負の行のみ({amount})です。合計には含まれますが顧客別の表にはなく、"
        "表の合計は{rest}です。顧客への返金でない行はファイルから除いてください。",
    ),
    "in_larger_units": (
        '"{column}" is multiplied by {factor}, as you said.',
        "「{column}」は指定どおり{factor}倍しました。",
    ),
    "list_added_up": (
        '{file}: what the list "{list}" within {rows} rows gives back is added up as "{column}".',
        "{file}: {rows}行の中の配列「{list}」の返金額を合計し、「{column}」としました。",
    ),
    "filled_down": (
        'In "{column}" {rows} blank cells have the value above them, as you said.',
        "「{column}」の空欄{rows}件は、指定どおり上の値を補いました。",
    ),
    "sheets_hidden": (
        '{file}: the sheet "{sheet}" is read; hidden ones are not: {others}. FILE#SHEET names one.',
        "{file}: シート「{sheet}」を読み取りました。非表示の{others}は読み取っていません。"
        "ファイル名#シート名 で指定できます。",
    ),
    "sheets_hidden_alike": (
        '{file}: only the sheet "{sheet}" is read; {others} are hidden, have the same headings and '
        "are not read. FILE#SHEET names each, and several files are read as one.",
        "{file}: シート「{sheet}」のみを読み取りました。同じ見出しの非表示シート{others}は"
        "読み取っていません。ファイル名#シート名 で指定でき、複数のファイルはまとめて読み取れます"
        "。",
    ),
}

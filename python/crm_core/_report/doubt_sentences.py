"""Sentences on columns and rows that change what the amounts come to, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

DOUBTS: Mapping[str, tuple[str, str]] = {
    "less_discount_plus": (
        '"{other}" is "{column}" less "{discount}" and with {more} in nearly all rows: the '
        "amounts are taken before them ({own}); after them they come to {total}: --amount "
        '"{other}". --ignore "{discount}" confirms.',
        "「{other}」はほぼ全行で「{column}」から「{discount}」を引き、{more}を加えた値です。その"
        "前の金額で数えました({own})。その後は{total}です(--amount で指定)。"
        "--ignore で確定します。",
    ),
    "less_share": (
        '"{other}" is "{column}" less the share "{discount}" of it in nearly all rows: the '
        'amounts are taken before it ({own}); after it they come to {total}: --amount "{other}". '
        '--ignore "{discount}" confirms.',
        "「{other}」はほぼ全行で「{column}」から割合「{discount}」を引いた値です。値引前の金額で"
        "数えました({own})。値引後は{total}です(--amount で指定)。--ignore で確定します。",
    ),
    "unread_share": (
        '"{column}" holds values of at most 1 ({rows} rows), which look like shares of the '
        "amount, and was not read: the amounts come to {own} as they are and to {less} with the "
        'shares taken off. Write in the file what is taken off; --ignore "{column}" says that '
        "the amounts are net of it.",
        "「{column}」は1以下の値({rows}行)で割引率のようですが、読み込んでいません。金額はそのま"
        "まで{own}、割合を差し引くと{less}です。ファイルで差し引くか、差し引き済みなら --ignore "
        "を指定してください。",
    ),
    "rate_unused": (
        '"{column}" is a rate of exchange, is not 1 in {rows} rows and was not used: the amounts '
        "come to {own} as they are, and to {times} times the rate. Amounts of different currencies "
        'are not added up: convert them in the file, or --ignore "{column}" says that they are in '
        "one currency.",
        "「{column}」は為替レートで、{rows}行で1以外ですが、使っていません。金額はそのままで{own}、"
        "レートを掛けると{times}です。通貨が混在するならファイルで換算し、"
        "同じ通貨なら --ignore を指定してください。",
    ),
    "tax_mixed": (
        'By "{column}" the tax is contained in some amounts and not in {rows} rows ({without} of '
        "{own}), and all are added as they are. Write them alike in the file; --ignore "
        '"{column}" says that they are.',
        "「{column}」によると税込の金額と税抜の金額({rows}行、{own}のうち{without})が混在しますが、"
        "そのまま合計しています。ファイルで揃えるか、揃っていれば --ignore を指定してください。",
    ),
    "tax_mixed_added": (
        'By "{column}" the tax is contained in some amounts and not in {rows} rows ({without} of '
        '{own}), and all are added as they are; with "{tax}" added to those the total is {added}. '
        'Write them alike in the file; --ignore "{column}" says that they are.',
        "「{column}」によると税込の金額と税抜の金額({rows}行、{own}のうち{without})が混在しますが、"
        "そのまま合計しています。税抜の行に「{tax}」を加えると{added}です。"
        "ファイルで揃えるか、揃っていれば --ignore を指定してください。",
    ),
    "versions_count": (
        '{orders} orders stand in the file in several states, which "{column}" tells apart: all '
        "rows come to {own}, the last state of each order alone to {last}. Leave older rows out of "
        'the file; --ignore "{column}" says that all rows count.',
        "「{column}」の異なる行が同じ注文に複数あります({orders}件)。すべての行では{own}、"
        "各注文の最新の行だけなら{last}です。古い行をファイルから除くか、"
        "すべて数えるなら --ignore を指定してください。",
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
        "{own} with them and to {rest} without. --refund-rows takes them as money given back.",
        "「{column}」の意味の分からない語({word})が{rows}行にあります。含めると{own}、除くと"
        "{rest}です。返金の行なら --refund-rows を指定してください。",
    ),
    "dates_dropped": (
        "{rows} rows have a date in {columns} that cannot be read and are left out, as "
        "--bad-rows drop says; their amounts come to {amount}.",
        "{columns}の日付を読み取れない{rows}行(金額 {amount})は --bad-rows drop により除きました。",
    ),
    "dates_dropped_and_gone": (
        "{rows} rows have a date in {columns} that cannot be read and are left out, as "
        "--bad-rows drop says; their amounts come to {amount}, without {gone} rows whose amount "
        "cannot be read either.",
        "{columns}の日付を読み取れない{rows}行(金額 {amount}、ほかに金額も読み取れない{gone}行)は"
        " --bad-rows drop により除きました。",
    ),
    "money_dropped": (
        '{rows} cells of "{column}" could not be read: their rows count, and nothing is taken '
        "off or added for these cells.",
        "「{column}」の{rows}件は読み取れないため、その値を0として行は数えました。",
    ),
    "amounts_dropped": (
        '{rows} cells of "{column}" could not be read and their rows are left out, as --bad-rows '
        "drop says: what they come to is not known, and the totals are without it.",
        "「{column}」を読み取れない{rows}行は --bad-rows drop により除きました。その金額は不明で、"
        "合計に含まれません。",
    ),
    "unread_rate": (
        '"{column}" is a rate of the list price ({rows} rows) and was not read: the amounts come '
        "to {own} as they are and to {less} times the rate. Write in the file what is paid; "
        '--ignore "{column}" says that the amounts are.',
        "「{column}」は掛率({rows}行)のようですが、使っていません。金額はそのままで{own}、掛ける"
        "と{less}です。ファイルで掛けるか、掛けた後の金額なら --ignore を指定してください。",
    ),
    "may_be_cents": (
        'All {rows} amounts of "{column}" are whole numbers: they come to {own}, or to {cents} '
        "if they are cents: --amount-unit minor. --amount-unit major confirms.",
        "「{column}」の金額{rows}件はすべて整数です。合計は{own}、セント単位なら{cents}です"
        "(--amount-unit minor)。--amount-unit major で確定します。",
    ),
    "charges_beside": (
        '"{column}" is taken as it is ({own}), with or without charges as the file has it: '
        "{charges} is neither added nor taken off.",
        "金額は「{column}」のまま({own})です。{charges} は加えても引いてもいません。",
    ),
    "fees_taken_off": (
        '"{column}" ({own}) may be what is left after fees: {charges} is neither added nor taken '
        "off. --amount names what customers paid.",
        "「{column}」({own})は手数料を引いた後の金額かもしれません。{charges} は加えても引いても"
        "いません。顧客の支払額の列があれば --amount で指定してください。",
    ),
    "constant_date": (
        '"{column}" is the same day in all rows, as the day of an export is, and "{other}" holds '
        'dates that differ: --ordered-at "{other}" reads them, --ordered-at "{column}" confirms.',
        "「{column}」は全行同じ日(出力日など)で、「{other}」には異なる日付があります。"
        "--ordered-at で列を指定してください。",
    ),
    "amounts_cleaned": (
        '{rows} cells of "{column}" have something around the number (a mark of a spreadsheet, a '
        "closing dash, a remark on tax) or the noise of binary floats, and were read without it.",
        "「{column}」の{rows}件は、数値の前後の記号や注記、または浮動小数点の誤差を除いて読みまし"
        "た。",
    ),
    "numbers_folded": (
        '{ids} ids of "{column}" differed from another only by zeros before it or a ".0" behind '
        "it and count as the same customer; --id-fold none keeps them apart.",
        "「{column}」の{ids}件は先頭の0や末尾の「.0」だけが異なるため、同じ顧客としました。"
        "--id-fold none で区別します。",
    ),
    "headings_again": (
        "{rows} rows hold the headings again, as where exports were put one after the other, and "
        "are left out.",
        "見出しと同じ内容の{rows}行を除きました。",
    ),
    "total_dropped": (
        '{row}, column "{column}", is a row of totals or a remark, and is left out, as '
        "--bad-rows drop says.",
        "{row}(「{column}」)は合計または注記の行のため、--bad-rows drop により除きました。",
    ),
    "not_used_codes": (
        '"{column}" holds codes in {orders} orders that count ({amount} of {own}), and was not '
        'used: --status "{column}" with --status-map for each code reads it, --ignore "{column}" '
        "says that it does not matter.",
        "「{column}」は集計対象の注文{orders}件({own}のうち{amount})にコードがありますが、使って"
        "いません。--status と --status-map で読み込み、--ignore で無視します。",
    ),
    "price_unchecked": (
        '"{column}" is taken as the price of one piece ({own}), as its heading says; as the '
        "amount of a line it comes to {line}: --amount-is line.",
        "「{column}」は見出しから単価としました({own})。明細の金額なら{line}です(--amount-is "
        "line)。",
    ),
    "amounts_blank": (
        '{rows} rows have no value in "{column}" and are left out, as --bad-rows drop says: what '
        "they come to is not known.",
        "「{column}」が空欄の{rows}行は --bad-rows drop により除きました。その金額は不明です。",
    ),
    "customers_grouped": (
        '{rows} rows without a customer in "{column}" ({amount}) stand below rows of customers '
        "who are named once, as merged cells leave them: they count as guests. Fill the cells "
        "down in the file; --guests keep confirms.",
        "「{column}」が空欄の{rows}行({amount})は、結合セルのように顧客のある行の下にありますが、"
        "ゲスト注文として数えています。ファイルで値を補うか、--guests keep で確定してください。",
    ),
    "order_number_unread": (
        '"{column}" is the same on rows of one customer and time and differs elsewhere, as an '
        "order number does: with it there are {orders} orders, without it each of the {rows} "
        'rows is one: --order-id "{column}". --ignore "{column}" says that it is none.',
        "「{column}」は同じ顧客・日時の行で同じ値のため、注文番号のようです。使うと注文は{orders}"
        "件、使わないと{rows}行がそれぞれ1注文です(--order-id で指定)。関係なければ --ignore を指"
        "定してください。",
    ),
    "total_again_by": (
        '"{column}" is the same on several rows of one customer and purchase ({orders} times), '
        'which "{other}" joins: as lines of one order they come to {once}, as counted to {each}: '
        '--order-id "{other}". --amount-is line confirms.',
        "同じ顧客の同じ購入の複数行に同じ「{column}」があり({orders}組)、「{other}」でまとめられ"
        "ます。1回だけ数えると{once}、現在は{each}です(--order-id で指定)。--amount-is line で確"
        "定します。",
    ),
    "pieces_unread": (
        '"{column}" is a price, and each row counts as one piece ({own}); times "{other}" it '
        'comes to {times}: --quantity "{other}". --ignore "{other}" says that it is no quantity.',
        "「{column}」は単価で、各行を1個として数えています({own})。「{other}」を掛けると{times}で"
        "す(--quantity で指定)。数量でなければ --ignore を指定してください。",
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
        'Leave one row a line in the file; --ignore "{column}" says that all count.',
        "「{column}」により同じ明細の行が{rows}行重複しています(結合などによる)。すべての行では"
        "{own}、明細ごとに1回なら{once}です。ファイルで1行にするか、すべて数えるなら --ignore を"
        "指定してください。",
    ),
    "rows_twice_kept": (
        "{rows} rows are equal to an earlier row in every column (the first is {row}) and count, "
        "as you said.",
        "{rows}行は全項目が前の行と同じですが(最初は{row})、指定どおりそのまま数えました。",
    ),
}

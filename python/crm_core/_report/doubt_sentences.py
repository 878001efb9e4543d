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
}

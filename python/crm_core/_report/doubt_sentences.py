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
}

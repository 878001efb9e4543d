"""Sentences on columns and rows that change what the amounts come to, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

DOUBTS: Mapping[str, tuple[str, str]] = {
    "less_discount_plus": (
        '"{other}" is "{column}" less "{discount}" and with {more} in nearly all rows: the amounts '
        'are taken before them ({own}); after them they come to {total}: --amount "{other}". '
        '--ignore "{discount}" confirms.',
        "「{other}」はほぼ全行で「{column}」から「{discount}」を引き、{more}を加えた値です。その前の金額で"
        "数えました({own})。その後は{total}です(--amount で指定)。--ignore で確定します。",
    ),
    "less_share": (
        '"{other}" is "{column}" less the share "{discount}" of it in nearly all rows: the amounts '
        'are taken before it ({own}); after it they come to {total}: --amount "{other}". --ignore '
        '"{discount}" confirms.',
        "「{other}」はほぼ全行で「{column}」から割合「{discount}」を引いた値です。値引前の金額で数えました"
        "({own})。値引後は{total}です(--amount で指定)。--ignore で確定します。",
    ),
    "unread_share": (
        '"{column}" holds values of at most 1 ({rows} rows), which look like shares of the amount, '
        "and was not read: the amounts come to {own} as they are and to {less} with the shares taken "
        'off. Write in the file what is taken off; --ignore "{column}" says that the amounts are '
        "net of it.",
        "「{column}」は1以下の値({rows}行)で割引率のようですが、読み込んでいません。金額はそのままで{own}、"
        "割合を差し引くと{less}です。ファイルで差し引くか、"
        "差し引き済みなら --ignore を指定してください。",
    ),
}

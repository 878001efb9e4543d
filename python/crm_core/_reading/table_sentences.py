"""Sentences on tables, sheets and rows that follow one another, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

TABLES: Mapping[str, tuple[str, str]] = {
    "versions_alone": (
        '{orders} orders stand in the file in several states, which "{column}" tells apart: all '
        "rows come to {own}, the last state of each order alone to {last}. Leave older rows out of "
        "the file; {say.ignore:{column}} says that all rows count.",
        "「{column}」の異なる行が同じ注文に複数あります({orders}件)。すべての行では{own}、各注文の"
        "最新の行だけなら{last}です。古い行をファイルから除くか、すべて数えるなら {say.ignore} を"
        "指定してください。",
    ),
    "sheet_back": (
        '{file}: the sheet "{column}" is not read; by its name its rows ({amount}) give money '
        "back: the orders of the sheet {sheet} come to {own}, with these taken off to {less}. "
        "FILE#SHEET would add them as sales ({more}): write them in the file as a column of the "
        "orders or with amounts below zero; {say.ignore:{column}} confirms.",
        "{file}: シート「{column}」は読み取っていません。名前から返金・返品のようです({amount})。"
        "シート「{sheet}」の注文は{own}、差し引くと{less}です。ファイル名#シート名 では売上として加"
        "算されます({more})。返金額の列か負の金額にするか、{say.ignore} で確定してください。",
    ),
    "sheet_stopped": (
        '{file}: the sheet "{column}" is not read; by its name its rows ({amount}) are no orders '
        "that count: the orders of the sheet {sheet} come to {own}. FILE#SHEET would add them as "
        "sales ({more}). {say.ignore:{column}} confirms.",
        "{file}: シート「{column}」は読み取っていません。名前から集計対象の注文ではないようです("
        "{amount})。シート「{sheet}」の注文は{own}です。ファイル名#シート名 では売上として加算され"
        "ます({more})。{say.ignore} で確定します。",
    ),
    "sheet_read": (
        '{file}: by its name the sheet "{column}" holds no orders that count, and its rows count '
        "({amount}): all come to {own}, without them to {less}, with them taken off to {back}. "
        "Leave the sheet out, or write amounts below zero; {say.known:sheet_read} confirms.",
        "{file}: シート「{column}」は名前から集計対象の注文ではないようですが、集計しています("
        "{amount})。すべてで{own}、除くと{less}、差し引くと{back}です。シートを除くか負の金額にし、"
        "{say.known:sheet_read} で確定します。",
    ),
    "replaced_count": (
        '"{column}" names another order in the place of {orders} orders, which count beside it: '
        "all come to {own}, without these to {without}. {say.cancelled_at:{column}} leaves them "
        "out, {say.ignore:{column}} says that all count.",
        "「{column}」により別の注文に置き換わった注文{orders}件も集計対象です。含めると{own}、除く"
        "と{without}です。{say.cancelled_at:{column}} で除き、{say.ignore} ですべて数えます。",
    ),
    "discount_twice": (
        '"{column}" is another column less "{discount}" in every row, so that it is taken off '
        "twice: the amounts come to {less} as read, to {own} with it taken off once: "
        '{say.discount:""}. {say.known:discount_twice} confirms.',
        "「{column}」は全行で別の列から「{discount}」を引いた値のため、二重に引いています。現在は"
        '{less}、1回だけ引くと{own}です({say.discount:""})。{say.known:discount_twice} で確定しま'
        "す。",
    ),
    "blank_flag": (
        '"{column}" says that rows count, and is blank in {orders} orders, which count too: all '
        "come to {own}, without these to {without}. Leave them out of the file, or "
        "{say.ignore:{column}} confirms.",
        "「{column}」が空欄の注文{orders}件も集計対象です。すべてで{own}、除くと{without}です。ファイル"
        "から除くか、{say.ignore} で確定してください。",
    ),
    "amount_changed": (
        '"{other}" is "{column}" in most rows and less in {rows}, as what is left after refunds or '
        "changes is: the amounts come to {own} as taken, to {total} by it: {say.amount:{other}}. "
        "{say.ignore:{other}} confirms.",
        "「{other}」は多くの行で「{column}」と同じで、{rows}行では小さい値です(返金・変更後の金額など)。"
        "そのままで{own}、「{other}」では{total}です({say.amount} で指定)。{say.ignore} で確定しま"
        "す。",
    ),
    "kept_last": (
        '{rows} rows of {orders} orders are followed by another one by "{column}" and are left '
        "out, as you said.",
        "「{column}」により後の行がある{orders}件の注文の{rows}行を、指定どおり除きました。",
    ),
}

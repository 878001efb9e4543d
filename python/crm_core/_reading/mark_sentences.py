"""Sentences on marks of rows, on ids and on columns beside the one that is read, in English and
Japanese.
"""

from __future__ import annotations

from collections.abc import Mapping

MARKS: Mapping[str, tuple[str, str]] = {
    "codes_unread": (
        '"{column}" looks like codes of a state ({words}), which nothing explains, and was not '
        "used: all come to {own}, without {rows} rows of {word} to {without}. "
        "{say.status:{column}} with {say.status_map:{pairs}} leaves them out, "
        "{say.ignore:{column}} says that it does not matter.",
        "「{column}」は状態のコード({words})のようですが、意味が不明なため使っていません。すべてで"
        "{own}、{word} の{rows}行を除くと{without}です。除くには {say.status:{column}} と "
        "{say.status_map:{pairs}} を、関係なければ {say.ignore} を指定してください。",
    ),
    "masked_ids": (
        '{ids} of {all} ids of "{column}" are masked with signs such as asterisks: customers whose '
        "ids are masked alike count as one. {say.customer_id} names another column; "
        "{say.known:masked_ids} confirms.",
        "「{column}」の{all}件中{ids}件は伏せ字のIDです。伏せ字が同じ顧客は1人として数えます。"
        "{say.customer_id} で別の列を指定するか、{say.known:masked_ids} で確定してください。",
    ),
    "near_phones": (
        '{ids} telephone numbers of "{column}" are another one but for signs or the number of the '
        "country, and count as customers of their own. Write them alike in the file, or "
        "{say.customer_id} names another column; {say.known:near_phones} confirms.",
        "「{column}」の電話番号{ids}件は、記号や国番号だけが異なり、別の顧客として数えています。ファ"
        "イルで表記を揃えるか、{say.customer_id} で別の列を指定するか、{say.known:near_phones} で確"
        "定してください。",
    ),
    "test_mails": (
        '"{column}" has {ids} mail addresses that look like tests; their {rows} rows count: all '
        "come to {own}, without them to {without}. Leave them out of the file if they are no "
        "orders; {say.known:test_mails} confirms.",
        "「{column}」にテスト用のメールアドレスが{ids}件あり、{rows}行を集計しています。すべてで"
        "{own}、除くと{without}です。注文でなければファイルから除くか、{say.known:test_mails} で確"
        "定してください。",
    ),
    "net_taken": (
        '"{column}" is taken as the amount ({own}), and "{other}", which by its heading is the '
        "same with tax or before deductions, comes to {total}: {say.amount:{other}} reads it, "
        "{say.amount:{column}} confirms.",
        "金額には「{column}」({own})を使いました。「{other}」(見出しでは税込または控除前)は{total}"
        "です。{say.amount:{other}} で切り替え、{say.amount:{column}} で確定します。",
    ),
    "rows_hidden": (
        "{file}: {rows} rows of the sheet {sheet} are hidden, as by a filter (the first is row "
        "{row}), and are read like the others. Delete them in the file if they do not count; "
        "{say.known:rows_hidden} confirms.",
        "{file}: シート「{sheet}」に非表示の行が{rows}行あり(フィルターなど、最初は{row}行目)、ほか"
        "の行と同じく集計しています。対象外ならファイルで削除するか、{say.known:rows_hidden} で確定"
        "してください。",
    ),
    "description_row": (
        "{file}: the row under the headings explains them, and is left out.",
        "{file}: 見出しの下の行は見出しの説明のため、除きました。",
    ),
    "counts_unread": (
        '"{column}" is more than 1 in {rows} events, each of which counts as one: the rows come to '
        "{own} events, by the column to {total}. Write a row an event in the file; "
        "{say.ignore:{column}} confirms.",
        "「{column}」が2以上の行が{rows}行あり、それぞれ1件のイベントとして数えています。行では"
        "{own}件、この列では{total}件です。ファイルでイベントごとに1行にするか、{say.ignore} で確定"
        "してください。",
    ),
    "kinds_filled": (
        '"{column}" is blank in {rows} events, whose kind is that of "{other}".',
        "「{column}」が空欄の{rows}件の種別は「{other}」の値としました。",
    ),
    "midnight": (
        '{rows} times of "{column}" are 24:00, and are read as 0:00 of the next day.',
        "「{column}」の{rows}件の24:00は、翌日の0:00として読み取りました。",
    ),
}

"""Why the reading took what it took, in English and Japanese: reasons of choices by their code."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, tuple[str, str]] = {
    "given": ("as you said", "指定どおり"),
    "layout": ("{detail}", "{detail}の項目名"),
    "layout_headings": ("the headings: {detail}", "見出しから: {detail}"),
    "layout_amount": ("the layout: {detail}", "出力形式から: {detail}"),
    "first_blank": (
        'the heading; "{detail}" has no values',
        "見出しから(「{detail}」は全行空欄)",
    ),
    "heading": ("the heading", "見出しから"),
    "constant": (
        'the heading; "{detail}" is the same in all rows',
        "見出しから(「{detail}」は全行同じ値)",
    ),
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
    "date_parts": (
        "the columns {detail} joined",
        "{detail} の列を合わせた値",
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
    "number_format": ('the number formats in "{detail}"', "「{detail}」列の表示形式から"),
    "amount_heading": ('the heading "{detail}"', "見出し「{detail}」から"),
    "japanese": ("Japanese headings (assumed)", "日本語の見出しのため(推定)"),
}

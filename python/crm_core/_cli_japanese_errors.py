"""What the command says is wrong, in Japanese, by its English text.

A text of a message has `{}` where the message has a heading, a file or a number of its own. A
message without a translation is printed in English, so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_MESSAGES: tuple[tuple[str, str], ...] = (
    # Of the command line itself.
    ("{} needs {}", "{0} には {1} が必要です"),
    ("there is no {}", "{0} はありません"),
    ("there is no option {}", "オプション {0} はありません"),
    ("argument {}: there is no {}", "{0}: {1} はありません"),
    ("argument {}: expected one argument", "{0}: 値が1つ必要です"),
    ("argument {}: expected at least one argument", "{0}: 値が必要です"),
    ("argument {}: ignored explicit argument {}", "{0}: 値 {1} は指定できません"),
    ("argument {}: invalid {} value: {}", "{0}: {2} は数値ではありません"),
    ("the following arguments are required: {}", "{0} を指定してください"),
    ("unrecognized arguments: {}", "不要な引数です: {0}"),
    ("crm{}: name a file", "crm{0}: ファイルを指定してください"),
    ("--config: there is no file {}", "--config: ファイル {0} がありません"),
    ("--config: {}: {} has one value", "--config: {0}: {1} の値は1つです"),
    ("--config: {} is no TOML file: {}", "--config: {0} はTOMLではありません: {1}"),
    ("--config: {}: {} is true or false", "--config: {0}: {1} は true か false です"),
    ("--config: {}: {}there is no option {}", "--config: {0}: {1}オプション {2} はありません"),
    ("--config: {}: there is no option {}", "--config: {0}: オプション {1} はありません"),
    ("--config: {}: {} has no option {}", "--config: {0}: {1} にオプション {2} はありません"),
    ("no order matches the filter", "条件に合う注文がありません"),
    ("--force: {} is there already", "--force: {0} は既にあります"),
    ("--customers: the column {} looks like opt-outs, and {} of its cells are neither yes nor no",
     "--customers: 列 {0} は配信停止のようですが、はい・いいえのどちらでもないセルが{1}個あります"),
    ("--customers: there is no file {}", "--customers: ファイル {0} がありません"),
    ("--learned: {} is not what `crm learn` has written",
     "--learned: {0} は crm learn が出力した文書ではありません"),
    ("--{} has no effect without --{}", "--{0} は --{1} なしでは効果がありません"),
    ("--{} has no effect with --{}", "--{0} は --{1} と一緒には使えません"),
    ("--{} has no effect without orders", "--{0} は注文データなしでは効果がありません"),
    ("--refund-rows {}", "--refund-rows {0}"),
    ("{}: {} is not {}", "{0}: {1} は {2} の形ではありません"),
    ("{}: {} is {}, which is no meaning", "{0}: {1} の意味 {2} はありません"),
    ("{}: two conditions on {}", "{0}: {1} に条件が2つあります"),
    ("{}: {} is not a date", "{0}: {1} は日付ではありません"),
    ("{}: {} is no moment", "{0}: {1} は日時ではありません"),
    ("{}: {} is a column of numbers", "{0}: {1} は数値の列です"),
    ("--read-as {}: {} reads {} or {}", "--read-as {0}: {1} が読むのは {2} または {3} です"),
    ("--read-as {}: {} reads {} only", "--read-as {0}: {1} が読むのは {2} だけです"),
    ("--{} is of {}, and {} reads {}", "--{0} は {1} 用です。{2} が読むのは {3} です"),
    ("{}: {} ends in none of {}", "{0}: {1} の拡張子は {2} のどれでもありません"),
    ("{}: {} is there already", "{0}: {1} は既にあります"),
    ("--output: a PDF needs Chromium or Chrome, which is not found",
     "--output: PDFには Chromium または Chrome が必要ですが、見つかりません"),
    ("--output: Chromium has written no PDF", "--output: Chromium がPDFを出力しませんでした"),
    ("--previous: {} has no column {}", "--previous: {0} に列 {1} がありません"),
    ("--names: no column of the people is a name", "--names: 会員データに氏名の列がありません"),
    ("{}: there is no role {}", "{0}: 役割 {1} はありません"),
    ("--at: {} is no time of day", "--at: {0} は時刻ではありません"),
    ("no order counts, so there is no day", "集計できる注文がないため、基準日が決まりません"),
    ("--rules: {} is no TOML file: {}", "--rules: {0} はTOMLではありません: {1}"),
    ("--costs: no column of {} looks like {}; the headings are: {}",
     "--costs: {0} に {1} らしい列がありません。見出し: {2}"),
    ("--costs: {}, column {}: not {}", "--costs: {0}、列 {1}: {2} ではありません"),
    ("--costs has no effect without a column of channels",
     "--costs は販売チャネルの列なしでは効果がありません"),
    # Of files and columns.
    ("there is no file {}", "ファイル {0} がありません"),
    ("No such file or directory: {}", "ファイルまたはフォルダがありません: {0}"),
    ("Permission denied: {}", "権限がありません: {0}"),
    ("Is a directory: {}", "フォルダです: {0}"),
    ('{}: there is no column "{}"; the headings are: {}',
     "{0}: 列「{1}」がありません。見出し: {2}"),
    ("no column of the file looks like {}; the headings are: {}",
     "{0} らしい列がありません。見出し: {1}"),
    ("no column of the events looks like {}; the headings are: {}",
     "イベントに {0} らしい列がありません。見出し: {1}"),
    ("no column of the customers' file looks like customer_id; the headings are: {}",
     "会員のファイルに customer_id らしい列がありません。見出し: {0}"),
    ("no column of the file is the {}", "{0} の列がありません"),
    ("no column of {} looks like {}; the headings are: {}",
     "{0} に {1} らしい列がありません。見出し: {2}"),
    ("the file does not say in which currency its amounts are", "金額の通貨がファイルにありません"),
    ('"{}" looks like the price of one piece, and no column like a quantity or a total was found',
     "「{0}」は単価のようですが、数量または合計の列が見つかりません"),
    ("what is {}", "{0} は何ですか"),
    ('is "{}" the order\'s, repeated on its lines (total {}), or a line\'s (total {})? {}',
     "「{0}」は注文の金額が各行に書かれたもの(合計 {1})ですか、明細の金額(合計 {2})ですか"),
    ("amounts stand in several columns: {}", "金額が複数の列にあります: {0}"),
    ("amounts stand in two columns: {}", "金額が2つの列にあります: {0}"),
    ("{}, column {}: not a date{}", "{0}、列 {1}: 日付ではありません{2}"),
    ("{}, column {}: not a date that can be told", "{0}、列 {1}: 日付を判別できません"),
    ("{}, column {}: not an amount{}", "{0}、列 {1}: 金額ではありません{2}"),
    ("{}, column {}: not a number{}", "{0}、列 {1}: 数値ではありません{2}"),
    ("{}, column {}: no value, expected {}", "{0}、列 {1}: 値がありません({2} が必要です)"),
    ("{}, column {}: a negative amount, beside positive ones",
     "{0}、列 {1}: 正の金額の中に負の金額があります"),
    ("{}, column {}: a row of totals is no order {}",
     "{0}、列 {1}: 合計行は注文ではありません {2}"),
    ("{}, column {}: {} is no order", "{0}、列 {1}: {2} は注文ではありません"),
    ("{}, column {}: not a currency {}", "{0}、列 {1}: 通貨ではありません {2}"),
    ("column {}: what does {} mean?", "列 {0}: {1} の意味は何ですか"),
    ("column {}: does {} mean that the order is cancelled?",
     "列 {0}: {1} はキャンセルを表しますか"),
    ("column {}: not words", "列 {0}: 語ではありません"),
    ("column {}: nothing tells whether the sign in its amounts groups thousands or begins the "
     "decimals", "列 {0}: 金額の記号が桁区切りか小数点か判別できません"),
    ("column {} has cells of two forms: {}", "列 {0} に2つの書き方があります: {1}"),
    ("column {} holds {} currencies: {}", "列 {0} に通貨が{1}種類あります: {2}"),
    ("column {} holds amounts in {}, and the currency is {}",
     "列 {0} に {1} の金額がありますが、通貨は {2} です"),
    ('the heading "{}" says {}, and the currency is {}',
     "見出し「{0}」は {1} ですが、通貨は {2} です"),
    ('the heading "{}" says that amounts are in {}', "見出し「{0}」によると金額の単位は {1} です"),
    ('"{}" says that it is in {}, and "{}" does not',
     "「{0}」の単位は {1} ですが、「{2}」は違うようです"),
    ('"{}" holds dates with a zone and dates without one',
     "「{0}」に時間帯のある日付とない日付があります"),
    ("{} numbers of {} stand on rows of different customers, the first in {}",
     "{1} の番号{0}件が別々の顧客の行にあります(最初は {2})"),
    ("{} numbers of {} were rounded by a spreadsheet, {}",
     "{1} の番号{0}件が表計算ソフトで丸められています({2})"),
    ('{} orders have several states in "{}", the first in {}: {}',
     "注文{0}件で「{1}」の値が複数あります(最初は {2}): {3}"),
    ('{} holds a title that says "{}"{}: one table is read of a file. Above it stand {}; below it '
     "{}", "{0} に「{1}」という表題があります{2}。1つのファイルから読む表は1つです。"
     "その上: {3}、下: {4}"),
    ("{} begins a second table{}: one table is read of a file. Above it stand {}; below it {}",
     "{0} から2つ目の表が始まります{1}。1つのファイルから読む表は1つです。その上: {2}、下: {3}"),
    ("column {}: {} dates have {} (the first in {})",
     "列 {0}: 日付{1}件の年が他の暦のようです({2}、最初は {3})"),
    ("{}: no warning has the code {}", "{0}: コード {1} の警告はありません"),
    ("the steps are missing; the kinds of events are: {}", "段階の指定がありません。種類: {0}"),
    ("column {}: not days, numbers or versions, so that none of its values is the last",
     "列 {0}: 日付・数値・版でないため、最後の値が決まりません"),
    ("{} takes the last rows of each order, and no column is the order's number",
     "{0} は注文ごとに最後の行を読みますが、注文番号の列がありません"),
    ("{} rows are equal to an earlier row in every column, the first is {}",
     "{0}行が前の行と全列で同じです(最初は {1})"),
    ("{} order numbers are in several files with different lines, the first in {}; they differ in "
     "{}", "注文番号{0}件が複数のファイルで異なる明細です(最初は {1}、異なる列 {2})"),
    ("the file looks like a log of events, and not of orders: {}",
     "注文ではなくイベントのログのようです: {0}"),
    ("the file looks like a table of {}, and not of orders: {}",
     "注文ではなく {0} の表のようです: {1}"),
    ("{} has no columns, and so no orders", "{0} に列がなく、注文がありません"),
    ("{} is empty: it has no headings and no rows", "{0} は空です(見出しも行もありません)"),
    ("{} has no headings in its first lines", "{0} の先頭の行に見出しがありません"),
    ("{} has no headings: its first line holds values",
     "{0} に見出しがありません(先頭の行は値です)"),
    ("{}, row {}: {} fields where the headings have {}",
     "{0}、{1}行目: 項目が{2}個ですが、見出しは{3}個です"),
    ("{} cannot be read as CSV", "{0} をCSVとして読めません"),
    ("{} is not valid {}", "{0} は正しい {1} ではありません"),
    ("{} is neither UTF-8 nor Shift_JIS nor EUC-JP nor Western European",
     "{0} の文字コードが UTF-8、Shift_JIS、EUC-JP、西欧のどれでもありません"),
    ("{} is UTF-8 with bytes in it that are not, or it ends within a character",
     "{0} はUTF-8ですが、壊れた文字があるか、文字の途中で終わっています"),
    ("{} mixes two encodings: {}", "{0} に2つの文字コードが混ざっています: {1}"),
    ("{} holds NUL bytes, the first in line {}: it is damaged, or no text",
     "{0} の{1}行目にNULがあります(破損しているか、テキストではありません)"),
    ("{} is not a whole {} file", "{0} は {1} のファイルとして不完全です"),
    ("{} is protected by a password", "{0} はパスワードで保護されています"),
    ("{} holds {} files", "{0} にファイルが{1}個あります"),
    ('{} has no sheet "{}"', "{0} にシート「{1}」がありません"),
    ("{} has no sheets", "{0} にシートがありません"),
    ("{} is {}, not a table", "{0} は {1} で、表ではありません"),
    ("no file is called {}", "{0} というファイルはありません"),
    ("no event is of the kind {}; the kinds are: {}",
     "種類 {0} のイベントはありません。種類: {1}"),
    ("--layout: there is no layout {}, and no such file",
     "--layout: 書式 {0} も、その名前のファイルもありません"),
    ("--encoding: {} is not known", "--encoding: {0} は不明です"),
    # Of the library.
    ("unknown analysis `{}`; there are {}", "分析 {0} はありません(crm tasks で一覧)"),
    ("needs at least {}, found {}", "{0} 以上が必要ですが、{1} です"),
    ("option {}: expected {}, found {}", "オプション {0}: {1} が必要ですが、{2} です"),
    ("option {}: expected {}", "オプション {0}: {1} が必要です"),
    ("option `{}`: expected {}, found {}", "オプション {0}: {1} が必要ですが、{2} です"),
    ("option `{}`: expected {}", "オプション {0}: {1} が必要です"),
    ("unknown option `{}`{}", "オプション {0} はありません{1}"),
    ("column `{}`, {}: {}", "列 {0}、{1}: {2}"),
    ("column `{}`: {}", "列 {0}: {1}"),
)  # fmt: skip

_HINTS: tuple[tuple[str, str], ...] = (
    ("did you mean `{}`?", "{0} ではありませんか"),
    ('Did you mean "{}"?', "「{0}」ではありませんか"),
    ("There are {}.", "使えるもの: {0}"),
    ("See {} --help.", "{0} --help で説明を表示します"),
    ("For example {}.", "例: {0}"),
    ("Write {}, today or yesterday.", "{0}、today、yesterday のように書いてください"),
    ("Write {}, or {}.", "{0} または {1} のように書いてください"),
    ("Write .html and print it, or install Chromium.",
     "HTMLで出力して印刷するか、Chromium をインストールしてください"),
    ("Write .html and print it.", "HTMLで出力して印刷してください"),
    ("Write 10:00.", "10:00 のように書いてください"),
    ("Write them alike.", "同じ書き方にそろえてください"),
    ("Write them alike in the file.", "ファイルで同じ書き方にそろえてください"),
    ("{} says that they are whole units of the currency.",
     "通貨の単位どおりの金額なら {0} を指定してください"),
    ("--force overwrites it.", "--force で上書きします"),
    ("crm init --force overwrites it.", "crm init --force で上書きします"),
    ("All conditions must hold. Say {} for either of two values.",
     "すべての条件に合う必要があります。どちらかの値なら {0} と書いてください"),
    ("Name the log of events with --events.", "イベントのログを --events で指定してください"),
    ("It is COLUMN=WORD, such as {}.", "{0} のように 列=語 の形で書いてください"),
    ("It is what `crm identify -o` has written.", "crm identify -o の出力を指定してください"),
    ("-o writes every candidate.", "-o がすべての候補を出力します"),
    ("`{}` writes rules to begin with.", "{0} で最初のルールを作れます"),
    ("Say it with {}.", "{0} で指定してください"),
    ("If the file is another kind: {}.", "別の種類のファイルであれば {0} を指定してください"),
    ("Say which it is with {}.", "{0} で指定してください"),
    ("Say which column it is with {}, for example {}.",
     "どの列かを {0} で指定してください。例: {1}"),
    ("Say which column it is with {}.", "どの列かを {0} で指定してください"),
    ("Say which columns they are with {}, for example {}.",
     "どの列かを {0} で指定してください。例: {1}"),
    ("Say which columns they are with {}.", "どの列かを {0} で指定してください"),
    ("Say so with {}; the meanings are {}.", "{0} のように指定してください。意味は {1} です"),
    ("Say so with {} or {}.", "{0} または {1} と指定してください"),
    ("Say so with {}.", "{0} と指定してください"),
    ("Name it, for example {}.", "指定してください。例: {0}"),
    ("Name its encoding, for example {}.", "文字コードを指定してください。例: {0}"),
    ("Name the amount with {}, or the quantity with {}.",
     "金額を {0} で、または数量を {1} で指定してください"),
    ("Name the amount with {}, or the quantity with {}, for example {}.",
     "金額を {0} で、または数量を {1} で指定してください。例: {2}"),
    ("Amounts of different currencies are not added up; {}.",
     "異なる通貨の金額は合計しません。通貨ごとに1つのファイルにしてください"),
    ("Export it again.", "もう一度書き出してください"),
    ("Export it again; {} reads every byte as some character.",
     "もう一度書き出してください。{0} ではすべてのバイトを何かの文字として読みます"),
    ("Copy or export it again.", "もう一度コピーするか、書き出してください"),
    ("Unpack it first.", "先に展開してください"),
    ("It has {}.", "あるもの: {0}"),
    ("Export the orders as CSV.", "注文をCSVで書き出してください"),
    ("The first line has to name the columns.", "先頭の行に列の見出しが必要です"),
    ("Write a line above it that names the columns.", "その上に列の見出しの行を加えてください"),
    ("A quote that is never closed, most often.", "多くの場合、引用符が閉じていません"),
    ("A comma or a quote inside a field that is not quoted, most often; at the end of the file a "
     "remark below the table.",
     "多くの場合、囲まれていない項目の中のカンマや引用符、または末尾の注記です"),
    ("Put each table into a file of its own, and leave out what does not count.",
     "表ごとに別のファイルにし、集計対象でないものを除いてください"),
    ("Refunds are read as a column of the orders: {}.", "返金額は注文の列として読みます: {0}"),
    ("{} makes this an error; {} says that you know it.",
     "{0} の指定によりエラーとしました。{1} で確認済みとします"),
    ("Name them in order, such as {}.", "{0} のように順に指定してください"),
    ("{} reads them as 543 years less; a format of days and months goes behind it, such as {}.",
     "{0} で543年前の年として読みます。日付の形式は {1} のように続けます"),
    ("{} reads them as 1911 years more.", "{0} で1911年後の年として読みます"),
    ("{} leaves such rows out.", "{0} でその行を除きます"),
    ("{} leaves such rows out, too.", "{0} でその行を除きます"),
    ("{} leaves it out, too.", "{0} でその行を除きます"),
    ("{} leaves the column out.", "{0} でその列を使いません"),
    ("{} reads orders of guests only.", "{0} でゲストの注文だけを読みます"),
    ("{} takes each once, {} counts them all.", "{0} は1回だけ、{1} はすべてを数えます"),
    ("crm layouts lists them.", "crm layouts で一覧を表示します"),
    ("{} is {}.", "{0} の値: {1}"),
)  # fmt: skip


def told(message: str, hint: str | None, japanese: bool) -> str:
    """An error as the command prints it.

    Args:
        message: What is wrong.
        hint: What to do about it.
        japanese: Whether it is printed in Japanese, as far as there is a translation.
    """
    if japanese:
        message = of_message(message) or message
        hint = of_hint(hint) if hint else hint
    return f"crm: {message}" + (f"\n     {hint}" if hint else "")


def of_message(message: str) -> str | None:
    """A message in Japanese; None if there is no translation."""
    return _of(message, _MESSAGES)


def of_hint(hint: str) -> str:
    """A hint in Japanese, by sentences; those without a translation stay as they are."""
    sentences = re.split(r"(?<=[.?]) (?=[A-Z-])", hint)
    each = [_of(one, _HINTS) for one in sentences]
    if None in each and (whole := _of(hint, _HINTS)) is not None:
        return whole
    return "。".join(found or one for one, found in zip(sentences, each, strict=True))


def _of(text: str, known: tuple[tuple[str, str], ...]) -> str | None:
    for form, japanese in _forms(known):
        if (found := form.fullmatch(text)) is not None:
            return japanese.format(*found.groups())
    return None


@cache
def _forms(known: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The texts as patterns, those with more words of their own first."""

    def patterns() -> Iterator[tuple[re.Pattern[str], str]]:
        for english, japanese in sorted(known, key=lambda pair: -len(pair[0].replace("{}", ""))):
            parts = [re.escape(part) for part in english.split("{}")]
            yield re.compile("(.*?)".join(parts), re.DOTALL), japanese

    return tuple(patterns())

"""In which encoding a text file is written.

The byte order mark decides, else the bytes: UTF-8 if the whole file is valid UTF-8, UTF-16 if every
other byte is zero, else Shift_JIS (in Microsoft's extension, cp932, as carts write it), EUC-JP or
Western European (cp1252), whichever decodes the text and makes sense of it; or another one (cp1250,
cp1251, GB18030, EUC-KR, Big5) in which more of the headings are known words. One pass over the file
checks UTF-8; the others are judged by the lines that are not ASCII, at most 256 KB of them.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import BinaryIO

from .._problem import Misuse, Problem
from .headings import known_count
from .messages import say

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "shiftjis": "cp932",
    "sjis": "cp932",
    "ms932": "cp932",
    "windows31j": "cp932",
    "utf8sig": "utf-8",
    "utf8": "utf-8",
}
_OTHERS = ("cp1252", "cp1250", "gb18030", "euc_kr", "big5", "cp1251")
_SAMPLE = 1 << 18
_MOSTLY = 0.9
# Letters and signs of Western European languages, as cp1252 has them.
_WESTERN = set("äöüßÄÖÜéèêëÉÈÊàâáãåÀÂÁÃÅçÇîïíìÍôóòõøÓÔÕØûùúÚñÑæÆœŒ€£§°«»„“”‘’–—…®©™·½²ºª¿¡\xa0´`×")


def named(name: str) -> str:
    """The codec of an encoding that the user named."""
    folded = name.lower().replace("-", "").replace("_", "")
    try:
        return codecs.lookup(_NAMES.get(folded, name)).name
    except LookupError:
        raise Misuse(
            f"{say.encoding}: {name} is not known",
            "For example utf-8, cp932 (Shift_JIS), euc_jp, latin-1.",
        ) from None


def decoded(start: bytes, encoding: str) -> str:
    """The text of the first bytes, of which the last character may be cut."""
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return codecs.getincrementaldecoder(name)().decode(start)


def is_ascii_based(encoding: str) -> bool:
    """True if the bytes of delimiters, quotes and line ends mean nothing else in this encoding."""
    if encoding.startswith(("iso2022", "hz", "utf_7", "utf-7")):
        return False
    plain = bytes(range(0x40))
    try:
        return plain.decode(encoding) == plain.decode("ascii")
    except (UnicodeError, LookupError):
        return False


def guess(file: BinaryIO, name: str) -> str:
    """The encoding of a file.

    Args:
        file: The bytes, at their start.
        name: What messages call the file.
    """
    start = file.read(_BLOCK)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if wide := _wide(start):
        return wide
    if any(mark in start for mark in (b"\x1b$B", b"\x1b$@")):  # the shifts of Japanese mails
        return "iso2022_jp"
    sample = _not_utf8(start, file, name)
    if not sample:
        return "utf-8"
    if len(sample) > 3 and _is_mostly_utf8(sample):
        raise Problem(
            f"{name} is UTF-8 with bytes in it that are not, or it ends within a character",
            f"Export it again; {say.encoding:latin-1} reads every byte as some character.",
        )
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    whole = sum(_is_eastern(line) for line in lines)
    if 0.1 * len(lines) <= whole < len(lines) and whole:
        raise Problem(
            f"{name} mixes two encodings: of its lines that are not ASCII {whole} are UTF-8 and "
            f"{len(lines) - whole} are not",
            "Files of different encodings were put into one: give them one by one.",
        )
    first = start.splitlines()[0] if start.splitlines() else b""
    fitting = [
        (known_count(_words(first.decode(one, "replace"))), _likeness(sample, one), one)
        for one in ("cp932", "euc_jp")
        if _decodes(sample, one)
    ]
    known, likeness, best = max(fitting, key=lambda fit: fit[:2], default=(0, 0.0, ""))
    # Other encodings decode anything; the right one is that which gives known headings.
    others = [
        (count, _letters(sample, one), one)
        for one in _OTHERS
        for count in [known_count(_words(first.decode(one, "replace")))]
        if count > known and _decodes(sample, one)
    ]
    if others:
        return max(others, key=lambda one: one[:2])[2]
    if known or likeness >= 0.5:
        return best
    if _is_western(sample):
        return "cp1252"
    if best:
        return best
    raise Problem(
        f"{name} is neither UTF-8 nor Shift_JIS nor EUC-JP nor Western European",
        f"Name its encoding, for example {say.encoding:cp1250}, or export it again if it is no "
        "text.",
    )


def is_garbled(text: str) -> bool:
    """Whether a text has been decoded with another encoding than it was written in.

    UTF-8 read as Western European (Ã©) or as Shift_JIS, and bytes that were no text (\ufffd).
    """
    if "\ufffd" in text:
        return True
    for encoding in ("cp1252", "latin-1", "cp932"):
        try:
            again = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if again != text:
            return True
    return False


def _wide(start: bytes) -> str:
    """UTF-16 without a byte order mark: of every two bytes of ASCII one is zero."""
    pairs = len(start[:4096]) // 2
    if pairs < 4:
        return ""
    zeros = [start[at : pairs * 2 : 2].count(0) / pairs for at in (0, 1)]
    for at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if zeros[at] > 0.2 and zeros[1 - at] < 0.02:
            return encoding
    return ""


def _not_utf8(start: bytes, file: BinaryIO, name: str) -> bytes:
    """Nothing if all bytes are UTF-8, else the first lines that are not ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, row = True, 1
    kept: list[bytes] = []
    rest, block = b"", start
    while block:
        if b"\0" in block:
            row += block[: block.index(b"\0")].count(b"\n")
            raise Problem(
                f"{name} holds NUL bytes, the first in line {row}: it is damaged, or no text",
                "Export it again.",
            )
        row += block.count(b"\n")
        if valid and not (block.isascii() and not decoder.getstate()[0]):
            try:
                decoder.decode(block)
            except UnicodeError:
                valid = False
        whole, end, after = (rest + block).rpartition(b"\n")
        rest = after if len(after) < _BLOCK else b""
        if not block.isascii() and sum(map(len, kept)) < _SAMPLE:
            lines = b"".join(one + end for one in whole.split(b"\n") if not one.isascii())
            kept.append(lines[: lines.rfind(b"\n", 0, _SAMPLE) + 1] or lines)
        block = file.read(_BLOCK)
    if valid:
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            valid = False
    if valid:
        return b""
    if not rest.isascii():
        kept.append(rest)
    return b"".join(kept)


def _is_eastern(line: bytes) -> bool:
    """Whether a line is UTF-8 with characters of three bytes, which none is by chance."""
    try:
        return any(one >= "\u3000" for one in line.decode("utf-8"))
    except UnicodeError:
        return False


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeError:
        return False
    return True


def _is_mostly_utf8(sample: bytes) -> bool:
    """Sequences of several bytes as UTF-8 has them do not come about by chance."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return wide - broken > 10 * broken


def _letters(sample: bytes, encoding: str) -> int:
    """How many of the characters that are not ASCII would be letters."""
    found = Counter(sample.decode(encoding))
    return sum(count for one, count in found.items() if one > "\x7f" and one.isalpha())


def _likeness(sample: bytes, encoding: str) -> float:
    """How Japanese the text would be: kana count twice, kanji of everyday use and signs once.

    Accents of other languages happen to decode as rare kanji and single half-width kana. Names in
    half-width kana only are words, too.
    """
    text = sample.decode(encoding)
    wide = {one: count for one, count in Counter(text).items() if one > "\x7f"}
    likely = sum(
        count
        * (2 if "\u3041" <= one <= "\u30ff" else "\u3000" <= one <= "\uff5e" and _is_frequent(one))
        for one, count in wide.items()
    )
    many = sum(wide.values())
    half = sum(map(len, re.findall(r"[\uff61-\uff9f]{3,}", text)))
    return (likely + half * (half == many)) / max(many, 1)


def _is_frequent(one: str) -> bool:
    """A sign or a kanji of the first level of JIS X 0208, whose codes in Shift_JIS come first."""
    return one.encode("cp932", "replace")[0] < 0x98


def _is_western(sample: bytes) -> bool:
    """Mostly letters of Western European words, which have one or two accents side by side."""
    try:
        text = sample.decode("cp1252")
    except UnicodeError:
        return False
    wide = {one: count for one, count in Counter(text).items() if one > "\x7f"}
    usual = sum(count for one, count in wide.items() if one in _WESTERN)
    many = sum(wide.values())
    in_runs = sum(map(len, re.findall(r"[\x80-\uffff]{3,}", text)))
    return usual >= _MOSTLY * many and in_runs <= (1 - _MOSTLY) * many


def _words(line: str) -> list[str]:
    """The fields that are not ASCII: the others are the same in every encoding."""
    return [word for word in re.split(r'"?[,\t;|]"?', line) if not word.isascii()]

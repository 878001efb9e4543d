"""People (名寄せ): which records are one person, and texts of people in one form."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._columns import Columns
from ._errors import OptionError, ReadingWarning, SchemaError
from ._input import source, whole_numbers
from ._library import call, names_of
from ._table import Table

if TYPE_CHECKING:
    from ._types import Where


class People:
    """Records of customers, for `identify` (名寄せ).

    Texts are read as they were typed. A column whose name is not given is read if the data have
    one of the argument's name.

    Args:
        data: A pandas or polars frame, a pyarrow Table, a DuckDB relation, or a dict of lists.
        record_id: The id of a record, each of one row.
        account: The account id: records of one account are one person.
        email: The e-mail address.
        phone: The telephone number.
        family_name: The family name (姓), or the whole name with a space.
        given_name: The given name (名).
        family_kana: The reading of the family name (セイ).
        given_kana: The reading of the given name (メイ).
        birth_date: The date of birth: dates, or texts such as 1980/1/2 and 昭和55年1月2日.
        sex: The sex: m, f, male, female, 男, 女, 1, 2.
        zip: The postal code (郵便番号).
        prefecture: The prefecture (都道府県).
        city: The city (市区町村).
        address: The street (町名・番地), or the whole address.
        building: The building and room.
        registered_at: When the record was made: the first record of a person gives the id.
        updated_at: When the record was changed last.
        not_same_as: Ids of records that are other people, separated by ";"; or a list of pairs of
            ids.
        previous_person_id: The person of the record at the last run; see `identify`.
        value: What a record is worth, for the order of the review.

    Raises:
        SchemaError: A column is missing or of a wrong type.

    Example:
        >>> shop = {"record_id": ["a1", "g7"], "email": ["h@example.com", "H@example.com"]}
        >>> len(crm.People({**shop, "family_name": ["髙橋", "高橋"], "given_name": ["花"] * 2}))
        2
    """

    def __init__(
        self,
        data: Any,
        record_id: str = "record_id",
        *,
        account: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        family_name: str | None = None,
        given_name: str | None = None,
        family_kana: str | None = None,
        given_kana: str | None = None,
        birth_date: str | None = None,
        sex: str | None = None,
        zip: str | None = None,
        prefecture: str | None = None,
        city: str | None = None,
        address: str | None = None,
        building: str | None = None,
        registered_at: str | None = None,
        updated_at: str | None = None,
        not_same_as: str | Sequence[tuple[Any, Any]] | None = None,
        previous_person_id: str | None = None,
        value: str | None = None,
    ) -> None:
        # The roles are the arguments after `data`, in their order.
        given: dict[str, Any] = dict(locals())
        del given["self"], given["data"]
        pairs = None
        if not_same_as is not None and not isinstance(not_same_as, str):
            pairs, given["not_same_as"] = list(not_same_as), None
        there = names_of(data)
        chosen = {role: column for role, column in given.items() if column is not None}
        for role in given:
            if role not in chosen and role in there and role not in chosen.values():
                chosen[role] = role
        if pairs is not None:
            chosen.pop("not_same_as", None)
        _warn_of_unread(there, chosen)
        self._native = _table(data, chosen)
        if pairs is not None:
            self._native = _with_pairs(self._native, pairs)

    def __len__(self) -> int:
        """Records."""
        return len(self._native)

    def __repr__(self) -> str:
        return f"<crm_core.People, {len(self):,} record{'s' * (len(self) != 1)}>"


# Names of columns that have no role and usually hold what a role is about.
_MEANT = {
    "account": ("account_id", "login_id"),
    "email": ("mail", "e_mail", "email_address", "mail_address", "メール", "メールアドレス"),
    "phone": ("tel", "telephone", "mobile", "phone_number", "電話", "電話番号"),
    "family_name": ("name", "full_name", "lastname", "last_name", "surname", "氏名", "姓", "名前"),
    "given_name": ("firstname", "first_name", "名"),
    "family_kana": ("kana", "name_kana", "last_name_kana", "フリガナ", "セイ"),
    "given_kana": ("first_name_kana", "メイ"),
    "birth_date": ("birthday", "birth", "dob", "date_of_birth", "生年月日", "誕生日"),
    "sex": ("gender", "性別"),
    "zip": ("zipcode", "zip_code", "postal_code", "postcode", "郵便番号"),
    "prefecture": ("pref", "都道府県"),
    "address": ("street", "address1", "住所"),
}


def _warn_of_unread(there: Sequence[str], chosen: Mapping[str, str]) -> None:
    """Warns of columns that no role reads and that look like one."""
    for name in there:
        word = name.strip().lower().replace("-", "_").replace(" ", "_")
        role = next((role for role, words in _MEANT.items() if word in words), None)
        if role is not None and role not in chosen and name not in chosen.values():
            warnings.warn(
                f'the column "{name}" is not read: People(..., {role}="{name}") reads it',
                ReadingWarning,
                stacklevel=4,
            )


class Identity:
    """What `identify` found out: five tables about the same records.

    Args:
        people: The records.
        options: Those of `identify`.

    Example:
        >>> shop = {"record_id": ["a1", "g7"], "account": ["x", "x"]}
        >>> crm.identify(shop)
        <crm_core.Identity, 2 records of 1 person>
    """

    def __init__(self, people: People, options: dict[str, Any]) -> None:
        # One table for all five: it keeps what was computed.
        self._data = Table(people._native)
        self._options = options

    def _of(self, task: str) -> Table:
        return call(task, self._data, None, self._options)

    @cached_property
    def persons(self) -> Table:
        """The person and the household of each record.

        Returns:
            One row per record, by ascending ids: record_id, person_id, household_id, role
            (representative or member), confidence. The note `identity` has counts (pairs compared
            and skipped, cells that could not be used) and the estimated model.

        Example:
            >>> found = crm.identify({"record_id": ["a1", "g7"], "account": ["x", "x"]})
            >>> found.persons.to_dict()["person_id"]
            ['a1', 'a1']
        """
        return self._of("identify")

    @cached_property
    def links(self) -> Table:
        """The pairs that the policy joins, and why.

        Returns:
            One row per pair, accounts first, then by descending weight: record_a, record_b,
            linked_by (account, email_and_name, comparison), weight (bits), probability, decision
            (joined, forbidden, too_large), and how far each field agrees (agree, close, differ,
            missing): evidence_family, evidence_given, evidence_birth, evidence_sex, evidence_email,
            evidence_phone, evidence_address.

        Example:
            >>> found = crm.identify({"record_id": ["a1", "g7"], "account": ["x", "x"]})
            >>> found.links.to_dict()["linked_by"]
            ['account']
        """
        return self._of("identity_links")

    @cached_property
    def review(self) -> Table:
        """Pairs for a human: probable, and below the policy's threshold.

        Returns:
            One row per pair, the most valuable first: record_a, record_b, review_value (with a
            column `value`), weight, probability, evidence_family, evidence_given, evidence_birth,
            evidence_sex, evidence_email, evidence_phone, evidence_address.

        Example:
            >>> len(crm.identify({"record_id": ["a1", "g7"], "account": ["x", "x"]}).review)
            0
        """
        return self._of("identity_review")

    @cached_property
    def changes(self) -> Table:
        """Changes of persons since the last run; empty without a last run.

        Returns:
            One row per change: person_id, person_change (new, merged, split), previous_person_id,
            records (that moved).

        Example:
            >>> first = {"record_id": ["a1", "g7"], "account": ["x", None]}
            >>> later = {**first, "account": ["x", "x"]}
            >>> crm.identify(later, crm.identify(first)).changes.to_dict()["person_change"]
            ['merged']
        """
        return self._of("identity_changes")

    @cached_property
    def shared_identifiers(self) -> Table:
        """Values that many people share, which are therefore no evidence.

        Returns:
            One row per value: identifier (email, phone, birth_date), masked, records,
            different_people.

        Example:
            >>> found = crm.identify({"record_id": ["a1", "g7"], "account": ["x", "x"]})
            >>> len(found.shared_identifiers)
            0
        """
        return self._of("shared_identifiers")

    def __repr__(self) -> str:
        persons = len(set(self.persons.to_dict()["person_id"]))
        records = len(self.persons)
        return (
            f"<crm_core.Identity, {records:,} record{'s' * (records != 1)} of {persons:,} "
            f"person{'s' * (persons != 1)}>"
        )


def identify(
    people: Any,
    previous: Any = None,
    *,
    policy: Literal["strict", "standard", "lenient"] | None = None,
    shared_limit: int | None = None,
    block_limit: int | None = None,
    max_cluster: int | None = None,
    review_from: float | None = None,
    hashed: bool | None = None,
    email_capitals: bool | None = None,
    email_tags: bool | None = None,
    gmail_dots: bool | None = None,
) -> Identity:
    """Which records are one person, why, and how sure (名寄せ).

    Names, readings, addresses, telephone numbers and e-mail addresses are brought into one form,
    records with a common key are compared field by field, and the model of Fellegi and Sunter,
    estimated from the data, gives each pair a probability. Families stay apart: no agreement but
    that of the account joins records whose given names differ, or whose given names are only close
    (由美, 由美子) and whose dates of birth differ.

    Args:
        people: `People`, or a frame whose columns have the names of its arguments.
        previous: The result of the last run, or its table of persons: a person keeps the id, and
            `changes` says who is new, merged or split.
        policy: Which pairs are joined: "strict" (account, or e-mail and name), "standard"
            (these, and a probability of 0.95; default) or "lenient" (these, and 0.8).
        shared_limit: An e-mail address or telephone number of more than this many records with
            different names or dates of birth is nobody's (default 5).
        block_limit: Records with one common key that are compared with each other (default 60);
            larger blocks are split, and what is skipped is counted.
        max_cluster: Records of one person (default 20).
        review_from: The least probability of a pair for review (default 0.5).
        hashed: Whether texts are hashes made by the caller, which are equal or not. Default: no.
        email_capitals: Whether capitals in e-mail addresses count. Default: no.
        email_tags: Whether "+tag" in e-mail addresses counts. Default: no.
        gmail_dots: Whether dots in addresses at gmail.com count. Default: no.

    Returns:
        An `Identity`, whose tables are `persons` (record_id, person_id, household_id, role,
        confidence), `links`, `review`, `changes` and `shared_identifiers`. Its persons go into
        ``orders.with_persons`` and ``events.with_persons``.

    Raises:
        DataError: A record without an id, two rows for one record.
        SchemaError: A column of a wrong type.
        OptionError: An option out of range.

    Source:
        Fellegi, Sunter (1969), *A Theory for Record Linkage*, JASA 64.

    Example:
        >>> shop = {
        ...     "record_id": ["a1", "g7", "b2"],
        ...     "email": ["hanako@example.com", "Hanako@example.com", None],
        ...     "phone": ["090-1234-5678", None, "+81 90 1234 5678"],
        ...     "family_name": ["髙橋", "高橋", "高橋"],
        ...     "given_name": ["花子", "花子", "太郎"],
        ...     "birth_date": ["1980-01-02", "1980/1/2", "1979-05-06"],
        ... }
        >>> crm.identify(shop).persons.to_dict()["person_id"]
        ['a1', 'b2', 'a1']
    """
    options = {
        "policy": policy,
        "shared_limit": shared_limit,
        "block_limit": block_limit,
        "max_cluster": max_cluster,
        "review_from": review_from,
        "hashed": hashed,
        "email_capitals": email_capitals,
        "email_tags": email_tags,
        "gmail_dots": gmail_dots,
    }
    records = people if isinstance(people, People) else People(people)
    if previous is not None:
        records = _with_previous(records, previous)
    return Identity(records, options)


def identity_sensitivity(
    orders: Any,
    people: Any,
    as_of: Any = None,
    *,
    where: Where | None = None,
    customers: Where | None = None,
    **options: Any,
) -> Table:
    """The effect of uncertain matches on numbers (名寄せの感度): results under each policy.

    Args:
        orders: `Orders` whose customer ids are record ids.
        people: `People`, or a frame whose columns have the names of its arguments.
        as_of: The date to count up to. Default: that of the last order.
        where: Chooses orders, after they are under the persons' ids.
        customers: Chooses customers, after records have become persons.
        **options: Further options of `identify`, without `policy`.

    Returns:
        One row per policy: policy ("none" is without identification), customers, repeaters
        (customers with two orders or more), repeat_rate, repeat_rate_low, repeat_rate_high (F2: a
        second order within 90 days, as `repeat_rate` defines it), orders_per_customer,
        revenue_per_customer (major units).

    Raises:
        SchemaError: Record ids of another type than the customers'.
        OptionError: `orders` is a view with a filter.

    Example:
        >>> first, second = crm.summary(orders).to_dict()["customer_id"][:2]
        >>> shop = {"record_id": [first, second], "account": ["x", "x"]}
        >>> table = crm.identity_sensitivity(orders, shop).to_dict()
        >>> table["customers"][0] - table["customers"][1]
        1
    """
    from ._retention import repeat_rate
    from ._summary import summary

    records = people if isinstance(people, People) else People(people)
    scope: Any = {"where": where, "customers": customers}
    rates = ("repeat_rate", "repeat_rate_low", "repeat_rate_high")
    means = ("orders_per_customer", "revenue_per_customer")
    names = ("policy", "customers", "repeaters", *rates, *means)
    rows: dict[str, list[Any]] = {name: [] for name in names}
    for policy in ("none", "strict", "standard", "lenient"):
        counted = orders
        if policy != "none":
            found = identify(records, policy=policy, **options)  # type: ignore[arg-type]
            counted = orders.with_persons(found)
        totals = summary(counted, as_of, **scope).to_dict()
        each = [number for number in totals["orders"] if number > 0]
        n = len(each)
        rows["policy"].append(policy)
        rows["customers"].append(n)
        rows["repeaters"].append(sum(number > 1 for number in each))
        again = repeat_rate(counted, as_of, **scope).to_dict() if n else {}
        for name in rates:
            rows[name].append(again[name][0] if again else None)
        rows["orders_per_customer"].append(sum(each) / n if n else None)
        rows["revenue_per_customer"].append(float(sum(totals["revenue"])) / n if n else None)
    return Table(_native.Table.from_columns(source(rows, list(rows)), list(rows)))


def normalize(
    texts: Any,
    *,
    form: Literal["name", "reading", "address", "phone", "email", "zip", "birth_date", "sex"]
    | None = None,
    email_capitals: bool | None = None,
    email_tags: bool | None = None,
    gmail_dots: bool | None = None,
) -> Table:
    """Texts of people in the form in which `identify` compares them (表記の正規化).

    Args:
        texts: A list or a Series of texts.
        form: What the texts are: "name" (default), "reading", "address", "phone", "email", "zip",
            "birth_date" or "sex".
        email_capitals: Whether capitals in e-mail addresses count. Default: no.
        email_tags: Whether "+tag" in e-mail addresses counts. Default: no.
        gmail_dots: Whether dots in addresses at gmail.com count. Default: no.

    Returns:
        One row per text: normalized, null if the text is blank or unusable; of addresses
        prefecture, city, street, building, and address_level, how far the address could be read.

    Raises:
        SchemaError: Not texts.

    Example:
        >>> crm.normalize(["髙橋　眞子", "José Müller"]).to_dict()["normalized"]
        ['高橋真子', 'jose muller']
    """
    options = {
        "form": form,
        "email_capitals": email_capitals,
        "email_tags": email_tags,
        "gmail_dots": gmail_dots,
    }
    return call("normalize", {"text": texts}, None, options)


def _one(text: str, form: Any, **options: bool) -> str | None:
    found: str | None = normalize([text], form=form, **options).to_dict()["normalized"][0]
    return found


def normalize_name(text: str) -> str | None:
    """A name for comparing: one form of width and of variants (髙 → 高), without spaces.

    Args:
        text: A name.

    Returns:
        The form, or None of a blank text.

    Example:
        >>> crm.normalize_name("渡邉　眞弓")
        '渡辺真弓'
    """
    return _one(text, "name")


def normalize_reading(text: str) -> str | None:
    """A reading (フリガナ) for comparing: katakana, with one spelling of long vowels.

    Args:
        text: A reading.

    Returns:
        The form, or None of a blank text.

    Example:
        >>> crm.normalize_reading("ｵｵﾀ ｼｭｳﾍｲ") == crm.normalize_reading("おーた しゅーへー")
        True
    """
    return _one(text, "reading")


def normalize_address(text: str) -> dict[str, str | None]:
    """An address for comparing, as far as it can be read without a list of towns.

    Args:
        text: An address.

    Returns:
        prefecture, city, street, building, address_level.

    Example:
        >>> crm.normalize_address("愛知県一宮市本町二丁目５番６号 メゾン301")["street"]
        '本町2-5-6'
    """
    columns = normalize([text], form="address").to_dict()
    return {name: cells[0] for name, cells in columns.items()}


def normalize_phone(text: str) -> str | None:
    """A Japanese telephone number as 10 or 11 digits.

    Args:
        text: A telephone number.

    Returns:
        The digits, or None of an unusable number.

    Example:
        >>> crm.normalize_phone("+81 (0)90-1234-5678")
        '09012345678'
    """
    return _one(text, "phone")


def normalize_email(
    text: str, *, capitals: bool = False, tags: bool = False, gmail_dots: bool = False
) -> str | None:
    """An e-mail address for comparing.

    Args:
        text: An e-mail address.
        capitals: Whether capitals in the local part count.
        tags: Whether "+tag" counts.
        gmail_dots: Whether dots in addresses at gmail.com count.

    Returns:
        The form, or None of a text that is no address.

    Example:
        >>> crm.normalize_email(" Taro.Y+shop@GMAIL.com")
        'taroy@gmail.com'
    """
    options = {"email_capitals": capitals, "email_tags": tags, "gmail_dots": gmail_dots}
    return _one(text, "email", **options)


def native_persons(persons: Any) -> _native.Table:
    """The table of persons for the native module."""
    if isinstance(persons, Identity):
        persons = persons.persons
    if isinstance(persons, Table) and not isinstance(persons._table, Columns):
        return persons._table
    if isinstance(persons, Table):
        persons = persons.to_numpy()
    return _table(persons, {"record_id": "record_id", "person_id": "person_id"})


def _table(data: Any, roles: dict[str, str]) -> _native.Table:
    """Columns of a frame under the names of their roles."""
    columns = list(roles.values())
    read = source(data, columns)
    if hasattr(read, "rechunk"):
        read = read.rechunk()
    elif hasattr(read, "combine_chunks"):
        read = read.combine_chunks()
    if isinstance(read, list):
        ids = {
            roles[role]
            for role in ("record_id", "person_id", "previous_person_id")
            if role in roles
        }
        read = [(name, whole_numbers(column) if name in ids else column) for name, column in read]
    return _native.Table.from_columns(read, columns, list(roles))


def _with_column(native: _native.Table, name: str, cells: list[Any]) -> _native.Table:
    columns: dict[str, Any] = {**Table(native).to_dict()}
    columns[name] = cells
    return _table(columns, {column: column for column in columns})


def _with_pairs(native: _native.Table, pairs: list[tuple[Any, Any]]) -> _native.Table:
    """Pairs that are two people as a column."""
    others: dict[str, list[str]] = {}
    for pair in pairs:
        if len(pair) != 2:
            raise OptionError("option `not_same_as`: expected pairs of record ids")
        first, second = map(str, pair)
        if ";" in second:
            raise OptionError('option `not_same_as`: expected ids without ";"')
        others.setdefault(first, []).append(second)
    ids = map(str, Table(native).to_dict()["record_id"])
    cells = [";".join(others.pop(one, [])) or None for one in ids]
    if others:
        raise OptionError("option `not_same_as`: expected pairs of ids of these records")
    return _with_column(native, "not_same_as", cells)


def _with_previous(people: People, previous: Any) -> People:
    """The records with their persons of the last run."""
    if isinstance(previous, Identity):
        previous = previous.persons
    table = Table(native_persons(previous)).to_dict()
    person = dict(zip(table["record_id"], table["person_id"], strict=True))
    ids = Table(people._native).to_dict()["record_id"]
    kinds = [{type(one) for one in column} for column in (ids, person)]
    if all(kinds) and not kinds[0] & kinds[1]:
        raise SchemaError(
            "previous: the ids of records are of another type than those of the people",
            column="record_id",
        )
    cells = [person.get(one) for one in ids]
    records = object.__new__(People)
    records._native = _with_column(people._native, "previous_person_id", cells)
    return records

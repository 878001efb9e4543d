"""The texts of the sections on persons, buyers and baskets."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    # Persons.
    "persons": ("One customer, one id", "名寄せ"),
    "persons_question": (
        "Which records are one customer, and what does it change? A person's orders count as those "
        "of one customer; families stay apart. F2: a second order within 90 days.",
        "どの会員データが同一人物で、数値はどう変わるか。同一人物の注文を1人の顧客として数えます。"
        "家族は別の人物です。F2転換率は90日以内の2回目購入。",
    ),
    "persons_title": (
        "{records} records are {persons} persons: {several} of them have several records",
        "{records}件の会員データは{persons}人({several}人が複数の会員データを保有)",
    ),
    "persons_title_f2": (
        "F2 is {before} by account, {after} by person: {accounts} customers are {people} people",
        "F2転換率はアカウント単位で{before}、人物単位で{after}(顧客{accounts}件は{people}人)",
    ),
    "persons_title_customers": (
        "{accounts} customers by account are {people} people",
        "アカウント単位の顧客{accounts}件は{people}人",
    ),
    "persons_said": (
        "F2 is {before} by account and {after} by person ({change}): some customers order under "
        "several accounts.",
        "F2転換率はアカウント単位で{before}、人物単位で{after}({change})。"
        "複数のアカウントで注文している顧客がいます。",
    ),
    "persons_policies": ("The shop under each policy", "判定基準別の集計"),
    "persons_policy": ("Records are joined by", "判定基準"),
    "persons_policy_none": ("nothing: each account is a customer", "名寄せなし(アカウント単位)"),
    "persons_policy_strict": (
        "strict: account, or e-mail and name",
        "厳格(アカウント、またはメールと氏名)",
    ),
    "persons_policy_standard": ("standard: also a probability of 95 %", "標準(確率95%以上も)"),
    "persons_policy_lenient": ("lenient: also a probability of 80 %", "緩やか(確率80%以上も)"),
    "persons_customers": ("Customers", "顧客数"),
    "persons_repeaters": ("Two orders or more", "2回以上購入"),
    "persons_f2": ("F2 (95 %)", "F2転換率(95%区間)"),
    "persons_orders_each": ("Orders each", "1人あたり注文数"),
    "persons_revenue_each": ("Revenue each", "1人あたり売上"),
    "persons_found": ("What was found", "名寄せの結果"),
    "persons_what": ("What", "項目"),
    "persons_count": ("Number", "件数"),
    "persons_records": ("Records", "会員データ"),
    "persons_persons": ("Persons", "人物"),
    "persons_several": ("Persons with several records", "会員データが複数ある人物"),
    "persons_households": ("Households of several persons", "2人以上の世帯"),
    "persons_rule_account": ("Pairs joined by account", "アカウントによる同一判定(組)"),
    "persons_rule_email_and_name": (
        "Pairs joined by e-mail address and name",
        "メールと氏名による同一判定(組)",
    ),
    "persons_rule_comparison": (
        "Pairs joined by the comparison of all fields",
        "全項目の比較による同一判定(組)",
    ),
    "persons_review": ("Pairs for a human to decide", "目視確認の候補(組)"),
    "persons_skipped": (
        "Pairs not compared, because too many share a key",
        "比較しなかった組(同じ値が多すぎるため)",
    ),
    "persons_shared": (
        "Values that many different people share: no evidence",
        "多くの別人が共有する値(同一人物の根拠にしません)",
    ),
    "persons_identifier": ("Identifier", "項目"),
    "persons_values": ("Values", "値の数"),
    "persons_their_records": ("Records with one", "該当する会員データ"),
    "persons_field_email": ("e-mail address", "メールアドレス"),
    "persons_field_phone": ("telephone number", "電話番号"),
    "persons_field_birth_date": ("date of birth", "生年月日"),
    "persons_field_zip": ("postal code", "郵便番号"),
    "persons_field_sex": ("sex", "性別"),
    "persons_field_not_same_as": ("not_same_as", "別人の指定"),
    "persons_cells": ("{field} {cells}", "{field} {cells}件"),
    "persons_unusable": (
        "Cells that could not be used: {cells}.",
        "使えなかった値: {cells}。",
    ),
    "persons_note": (
        "Records whose given names differ are never one person, whatever else agrees; they are one "
        "household.",
        "名が異なる会員データは、ほかの項目が一致しても同一人物とせず、同じ世帯とします。",
    ),
    "persons_review_said": (
        "The pairs for a human are in {file}.",
        "目視確認の候補は{file}にあります。",
    ),
    "persons_review_option": (
        "crm identify --tables writes the pairs for a human.",
        "目視確認の候補は crm identify --tables で出力できます。",
    ),
    "people_not_read": ("Not read: {columns}.", "読み取らない列: {columns}。"),
}

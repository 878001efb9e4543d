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
        "Records whose given names clearly differ are one person only if they have one account; "
        "else they are one household. Close names (由美, 由美子) may be a typing error: then the "
        "date of birth decides.",
        "名が明らかに異なる会員データは、同じアカウントの場合を除き同一人物とせず、同じ世帯とします。"
        "名が似ている場合(由美・由美子など)は、生年月日で判断します。",
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
    # Buyers.
    "missing_attributes": (
        "No column of customers or orders, such as sex or prefecture, has two values of 30 buyers.",
        "購入者30人以上の値が2つ以上ある属性の列(性別・都道府県など)がありません。",
    ),
    "buyers": ("Who buys", "購入者の属性"),
    "buyers_question": (
        "Which customers come back, and which cancel? The share with a second order within 90 days "
        "({overall} of all). Rates are drawn towards all where there are few buyers; lines are "
        "95 % intervals.",
        "どの属性の顧客が戻り、どの属性がキャンセルするか。90日以内のF2転換率(全体 {overall})。"
        "人数が少ない値は全体へ寄せた推定です。線は95%区間。",
    ),
    "buyers_title": (
        "{name} {value}: {rate} come back, {overall} of all",
        "{name}「{value}」のF2転換率は{rate}(全体 {overall})",
    ),
    "buyers_title_alike": (
        "No value clearly differs from all customers ({names})",
        "全体とはっきり異なる値はありません({names})",
    ),
    "buyers_first": ("{name} of the first order", "初回の{name}"),
    "buyers_buyers": ("Buyers", "購入者数"),
    "buyers_rate": ("Came back (95 %)", "F2転換率(95%区間)"),
    "buyers_dots": ("On one scale", "比較"),
    "buyers_cancelled": ("Cancelled", "キャンセル率"),
    "buyers_each": ("Revenue per buyer", "1人あたり売上"),
    "buyers_share": ("Share of revenue", "売上構成比"),
    "buyers_purchase": ("Of the registered, bought", "会員の購入率"),
    "buyers_left_out": (
        "{count} values are left out: fewer than {least} buyers, blank, or not of the first "
        "twelve.",
        "購入者{least}人未満、空欄、または上位12以外の値{count}件は省略しています。",
    ),
    "buyers_note": (
        "The title names a value only where the difference is more than chance among all values "
        "shown. A difference is no cause: customers of two values may also differ in what they "
        "buy.",
        "見出しの差は、表示したすべての値を同時に比べても偶然とは言えないものだけです。"
        "差があっても原因とは限りません。購入商品などの違いによることもあります。",
    ),
    # Together.
    "missing_pairs": (
        "No two products are together in five orders of the last 364 days.",
        "直近364日に5件以上の注文で一緒に買われた商品の組がありません。",
    ),
    "together": ("Bought together", "併売"),
    "together_question": (
        "What is bought together, and is it more than chance? Pairs of products in one order, 364 "
        "days.",
        "何が一緒に買われ、それは偶然より多いか。直近364日の注文内の商品の組。",
    ),
    "together_title": (
        "{share} of the orders with {first} also have {second}: {lift} times as often as by chance",
        "{first}の注文の{share}に{second}も入る(偶然の{lift}倍)",
    ),
    "together_title_none": (
        "No two products are bought together more often than by chance",
        "偶然より多く一緒に買われる商品の組はありません",
    ),
    "together_first": ("Who buys", "この商品と"),
    "together_second": ("also buys", "一緒に買う商品"),
    "together_share": ("Of the first's orders", "前者の注文に占める割合"),
    "together_both": ("Orders with both", "両方の注文数"),
    "together_more": ("More than by chance", "偶然より多い件数"),
    "together_lift": ("Times chance", "リフト値"),
    "together_alone": ("First without second", "前者のみの注文数"),
    "together_do": (
        "Offer the second on the page and in the cart of the first. The last column says how many "
        "orders of the year had the first alone; whether an offer brings more, a test shows.",
        "前者の商品ページとカートで後者を案内します。最後の列は1年間に前者だけが買われた注文数です。"
        "効果はテストで確かめてください。",
    ),
    "together_note": (
        "{tested} pairs of {baskets} orders were tested; of the pairs shown about 5 % are chance.",
        "{baskets}件の注文で{tested}組を検定しました。表示した組のうち約5%は偶然です。",
    ),
}

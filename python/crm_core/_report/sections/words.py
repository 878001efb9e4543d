"""The texts of the sections, in English and Japanese.

A sentence about a change has four forms: up, down, unclear (the interval of the difference contains
0) and too few (nothing is compared).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..words import LANGUAGES, PAGE
from . import words_customers, words_people, words_sending, words_shop, words_worked

TEXTS: Mapping[str, tuple[str, str]] = {
    # Numbers.
    "points": ("{points} pt", "{points}pt"),
    "interval": ("{low} to {high}", "{low}〜{high}"),
    "against_year": ("the same weekdays a year ago", "前年同期(同じ曜日)"),
    "against_before": ("the 28 days before", "その前の28日"),
    "against_none": ("no earlier period to compare with", "比較できる過去の期間なし"),
    "same_months": ("the same months a year before", "前年の同じ月"),
    "moved_up": (
        "{change} on {against} (95 % interval {low} to {high})",
        "{against}より{change}(95%区間 {low}〜{high})",
    ),
    "moved_down": (
        "{change} on {against} (95 % interval {low} to {high})",
        "{against}より{change}(95%区間 {low}〜{high})",
    ),
    "moved_unclear": (
        "no clear change against {against} ({change}, 95 % interval {low} to {high})",
        "{against}とはっきりした差なし({change}、95%区間 {low}〜{high})",
    ),
    "moved_too_few": (
        "too few customers to compare with {against}",
        "{against}と比べるには顧客が少なすぎます",
    ),
    "missing_customers": (
        "This needs {need} customers; there are {have}.",
        "顧客が{need}人必要です(現在{have}人)。",
    ),
    "missing_days": (
        "This needs {need} days of orders; there are {have}.",
        "{need}日分の注文が必要です(現在{have}日)。",
    ),
    "missing_regulars": (
        "This needs {need} customers with three orders or more; there are {have}.",
        "3回以上購入した顧客が{need}人必要です(現在{have}人)。",
    ),
    "missing_new": (
        "This needs {need} new customers in the months compared; there are {have}.",
        "対象の月の新規顧客が{need}人必要です(現在{have}人)。",
    ),
    "missing_forecast": (
        "The orders do not suffice for a forecast.",
        "予測できるだけの注文がありません。",
    ),
    "missing_all_customers": (
        "A choice of customers has no new customers: there is no forecast of the shop.",
        "顧客を絞り込んでいるため、店舗全体の予測はありません。",
    ),
    "missing_product": (
        "The file has no column of products that is read.",
        "商品の列がありません。",
    ),
    "missing_channel": (
        "The file has no column of channels that is read.",
        "販売チャネルの列がありません。",
    ),
    "missing_kind": (
        "The file does not say which orders are subscriptions.",
        "定期購入かどうかの列がありません。",
    ),
    # 1. Conclusions.
    "conclusions": ("In short", "今週の結論"),
    "conclusions_title": (
        "In short: {up} of the main numbers are up, {down} down, {unclear} without a clear change",
        "今週の結論: 主な指標のうち上昇{up}、下降{down}、はっきりした変化なし{unclear}",
    ),
    "conclusions_title_flat": (
        "In short: no clear change in the main numbers",
        "今週の結論: 主な指標にはっきりした変化なし",
    ),
    "conclusions_title_none": (
        "In short: there is too little to compare yet",
        "今週の結論: まだ比較できるだけのデータがありません",
    ),
    "conclusions_question": (
        "Is the shop getting better or worse? The largest changes, and what to watch.",
        "良くなっているか、悪くなっているか。大きな変化と注意点。",
    ),
    "warning": ("Watch", "注意"),
    "revenue_said": (
        "Revenue of the last 28 days is {amount}: {moved}.",
        "直近28日の売上は{amount}。{moved}。",
    ),
    "revenue_alone": (
        "Revenue of the last 28 days is {amount}. The orders do not go back far enough to "
        "compare it.",
        "直近28日の売上は{amount}。比較できる過去の注文がありません。",
    ),
    "repeat_said_up": ("Repeat customers {change}.", "リピート顧客は{change}。"),
    "repeat_said_down": ("Repeat customers {change}.", "リピート顧客は{change}。"),
    "repeat_said_unclear": (
        "Repeat customers: no clear change ({change}).",
        "リピート顧客ははっきりした差なし({change})。",
    ),
    "new_said_up": ("New customers {change}.", "新規顧客は{change}。"),
    "new_said_down": ("New customers {change}.", "新規顧客は{change}。"),
    "new_said_unclear": (
        "New customers: no clear change ({change}).",
        "新規顧客ははっきりした差なし({change})。",
    ),
    "again_said": (
        "Of the {customers} new customers of {months}, {rate} bought again within 90 days, "
        "after {before}: {moved}.",
        "{months}の新規{customers}人のうち、90日以内の2回目購入(F2転換率)は{rate}、前年{before}。"
        "{moved}。",
    ),
    "slipping_said": (
        "{people} customers began to slip away this week. If they return, {amount} is expected "
        "of them within {days} days.",
        "今週あらたに{people}人が離脱傾向に入りました。"
        "復帰すれば{days}日で見込める売上は{amount}です。",
    ),
    "depends_said": (
        "The top {people} customers hold {share} of the revenue expected of customers in {days} "
        "days: losing them costs most.",
        "既存顧客の{days}日間の期待売上の{share}は、上位{people}人によるものです。",
    ),
    "few_said": (
        "There are no predictions and no lists yet. {lacks}",
        "予測と名簿はまだ作成できません。{lacks}",
    ),
    "stale": (
        "The last order is {days} days before the day of the report. Falling numbers may only "
        "mean that the data end.",
        "最後の注文は基準日の{days}日前です。減少はデータが途切れているためかもしれません。",
    ),
    # 2. Size.
    "size": ("How big", "規模"),
    "size_question": (
        "How big is the shop? The last 28 days, with the change on {against}; active customers "
        "at their end. Below each change is its 95 % interval; the line is the last whole months.",
        "店舗の規模は。直近28日と、{against}からの変化(下は95%区間)。現役顧客数は期末時点。"
        "線は直近の各月。",
    ),
    "size_question_alone": (
        "How big is the shop? The last 28 days; active customers at their end.",
        "店舗の規模は。直近28日の数値。現役顧客数は期末時点。",
    ),
    "size_title_up": (
        "{amount} in 28 days, {change} on {against}",
        "28日で{amount}、{against}より{change}",
    ),
    "size_title_down": (
        "{amount} in 28 days, {change} on {against}",
        "28日で{amount}、{against}より{change}",
    ),
    "size_title_unclear": (
        "{amount} in 28 days, no clear change against {against}",
        "28日で{amount}、{against}とはっきりした差なし",
    ),
    "size_title_too_few": (
        "{amount} in 28 days, too few customers to compare",
        "28日で{amount}、比較するには顧客が少なすぎます",
    ),
    "size_title_alone": ("{amount} in 28 days", "28日で{amount}"),
    "tile_revenue": ("Revenue, 28 days", "売上(28日)"),
    "tile_new": ("New customers, 28 days", "新規顧客(28日)"),
    "tile_repeat": ("Repeat customers, 28 days", "リピート顧客(28日)"),
    "tile_again": ("Second order within 90 days (F2)", "F2転換率(90日)"),
    "tile_active": ("Active customers", "現役顧客"),
    "tile_expected": ("Expected revenue", "期待売上"),
    "tile_expected_in": ("Expected in {month}", "{month}の期待売上"),
    "tile_unclear": ("no clear change ({change})", "はっきりした差なし({change})"),
    "tile_points": ("{change} (± {half}) on {before}", "{change}(±{half}) 前年{before}"),
    "tile_too_few": (
        "too few to compare (before: {before})",
        "比較には少なすぎます(前回 {before})",
    ),
    "tile_year_ago": ("a year before {amount}", "前年同月 {amount}"),
    "band": ("80 % band {low} to {high}", "80%の範囲 {low}〜{high}"),
    "no_band": ("how wrong it may be is not known yet", "誤差の範囲はまだ分かりません"),
    "line": ("{name}, the last {months} whole months", "{name}、直近{months}か月の推移"),
    # 3. Today.
    "today": ("Today", "今日やること"),
    "today_question": (
        "What do I do today? Whom to write to, and what is expected of them.",
        "今日は誰に連絡し、それはいくらになるか。",
    ),
    "today_title": (
        "{slipping} customers began to slip this week, {due} became due: {amount} in {days} days.",
        "今週 {slipping}人が離脱傾向、{due}人が購入時期に({days}日の期待売上 {amount})。",
    ),
    "today_title_none": (
        "Nobody began to slip or became due this week.",
        "今週あらたに離脱傾向・購入時期に入った顧客はいません。",
    ),
    "today_top": (
        "The top {people} hold {share} of the revenue expected of customers in {days} days.",
        "上位{people}人で、{days}日間の既存顧客の期待売上の{share}。",
    ),
    "today_missing": (
        "There are no lists yet: the shop is too small or too young",
        "名簿はまだ作成できません(データが不足しています)",
    ),
    "today_group": ("Whom", "対象"),
    "today_people": ("People", "人数"),
    "today_money": ("Expected", "期待売上"),
    "today_do": ("What to do", "すること"),
    "today_list": ("List", "名簿"),
    "today_note": (
        "Slipping away: silent for longer than nearly all of their own gaps between orders "
        "(churn_risk). Due: their usual gap has passed. New means since seven days ago. A customer "
        "can be in several groups.",
        "離脱傾向: 本人の購入間隔から見てまれなほど注文がない状態。"
        "購入時期: 本人の通常の間隔を過ぎた状態。"
        "「あらたに」は7日前からの変化。1人が複数の対象に入ることがあります。",
    ),
    "money_in_days": ("{amount} in {days} days", "{amount} / {days}日"),
    "carts_worth": ("{amount} in the carts", "{amount} / カート内"),
    "list_option": ("with --tables", "--tables で出力"),
    "group_slipping": ("Began to slip away this week", "今週あらたに離脱傾向に入った"),
    "do_slipping": ("Win them back, the most valuable first", "金額の大きい順に復帰の連絡"),
    "group_due": ("Became due this week", "今週あらたに購入時期に入った"),
    "do_due": ("Remind them before they run out", "在庫が切れる前の案内"),
    "group_second": (
        "Bought once, day {usual} to {latest} has come",
        "初回のみで、2回目の時期({usual}〜{latest}日)を過ぎつつある",
    ),
    "do_second": ("Invite to the second order", "2回目購入の案内(F2引上げ)"),
    "group_top": ("The top {people} by expected revenue", "期待売上の上位{people}人"),
    "do_top": ("Show them what is new", "新商品・上位商品の案内"),
    "group_carts": ("Left a cart, may be written to", "カゴ落ち(連絡可能)"),
    "do_carts": ("Remind them of the cart", "カートの案内"),
}

#: The texts of all sections.
ALL = {
    **PAGE,
    **TEXTS,
    **words_customers.TEXTS,
    **words_people.TEXTS,
    **words_sending.TEXTS,
    **words_shop.TEXTS,
    **words_worked.TEXTS,
}


def text(key: str, lang: str, **values: object) -> str:
    """A text in a language, with its values."""
    return ALL[key][LANGUAGES.index(lang)].format(**values)

"""The texts of the day's list: who is written to, why, and why not."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "sending_page": ("Today's messages", "今日の配信"),
    "sending_lead": ("Decided for {now} ({zone})", "判定時点 {now}({zone})"),
    "sending": ("Whom and why", "配信する顧客"),
    "sending_title": (
        "{people} people are written to, {amount} at stake; {hold} messages wait, {skip} are left "
        "out",
        "{people}人に配信(見込み金額 {amount})。保留{hold}件、見送り{skip}件",
    ),
    "sending_title_none": (
        "Nobody is written to: {hold} messages wait, {skip} are left out",
        "配信する顧客はいません。保留{hold}件、見送り{skip}件",
    ),
    "sending_title_nothing": (
        "Nobody is written to: nothing is due",
        "配信する顧客はいません(配信時期が来た施策なし)",
    ),
    "sending_question": (
        "Whom do we write to now, and why? At stake is a customer's mean order value, the revenue "
        "expected, or what lies in the cart; of a customer with several messages the largest.",
        "いま誰に、なぜ連絡するか。見込み金額は、顧客の平均注文単価、期待売上、またはカート内の金額です"
        "(1人に複数ある場合は最大の金額)。",
    ),
    "sending_rule": ("Why", "理由"),
    "sending_people": ("Written to", "配信人数"),
    "sending_by": ("By", "配信手段"),
    "sending_stake": ("At stake", "見込み金額"),
    "sending_wait": ("Wait", "保留"),
    "sending_left_out": ("Left out", "見送り"),
    "sending_idle": ("Nobody today: {rules}", "今日の対象者なし: {rules}"),
    "sending_channel": ("{channel} {count}", "{channel} {count}"),
    # Why not.
    "held": ("Held back", "配信しない理由"),
    "held_title": (
        "Held back: {count} messages, most by: {reason} ({most})",
        "配信しない{count}件。最も多い理由は{reason}({most}件)",
    ),
    "held_title_none": ("Nothing was held back", "保留・見送りはありません"),
    "held_question": (
        "What was held back, and why? What waits is decided on again; what is left out is not due "
        "any more, or is not to be sent.",
        "何を、なぜ配信しないか。保留は次の判定で再び対象になり、見送りは配信しません。",
    ),
    "held_reason": ("Why not", "理由"),
    "held_says": ("The rule says", "ルールの内容"),
    "held_path": ("Rule", "ルール"),
    "held_messages": ("Messages", "件数"),
    "held_people": ("People", "人数"),
    "held_until": ("Waits until", "保留の期限"),
    "held_never": ("left out", "見送り"),
    "held_unknown": ("the next run", "次回の判定"),
    # The list.
    "list": ("The list", "配信リスト"),
    "list_title": ("The {count} messages, the most valuable first", "配信リスト{count}件(金額順)"),
    "list_title_some": (
        "The {shown} most valuable of {count} messages",
        "配信リスト{count}件のうち金額の大きい{shown}件",
    ),
    "list_question": (
        "To whom exactly? This page holds ids of customers.",
        "具体的に誰か。このページには会員IDが含まれます。",
    ),
    "list_customer": ("Customer", "会員ID"),
    # The rules.
    "plan": ("The rules", "ルール"),
    "plan_question": (
        "Which rules were these? Every path is one of the file of rules.",
        "どのルールで判定したか。パスはルールファイル内の位置です。",
    ),
    "plan_path": ("Rule", "ルール"),
    "plan_says": ("It says", "内容"),
    "plan_cap": ("at most {messages} in {days} days", "{days}日間に{messages}通まで"),
    "plan_cap_channel": (
        "at most {messages} in {days} days by {channel}",
        "{channel}は{days}日間に{messages}通まで",
    ),
    "plan_caps_default": (
        "at most 1 in 1 day and 3 in 7 days (the default)",
        "1日に1通、7日間に3通まで(既定)",
    ),
    "plan_group": ("one of {triggers} in {days} days", "{triggers}のうち{days}日間に1通"),
    "plan_budget": ("at most {count} messages a run", "1回に{count}件まで"),
    "plan_quiet": ("nothing from {start} to {end}", "{start}から{end}までは配信しない"),
    "plan_bought": ("nobody in the {days} days after an order", "注文から{days}日間は配信しない"),
    "plan_holdout": ("{share} of customers are never written to", "顧客の{share}には配信しない"),
    "plan_channels": ("the first that can be used: {channels}", "使う順: {channels}"),
    "plan_exclusions": ("these reasons exclude: {reasons}", "除外理由: {reasons}"),
    "plan_zone": ("civil days of {zone}", "{zone}の日付"),
    "before_sent": ("what was sent is not sent again", "一度送ったものは送らない"),
    "before_held_out": (
        "who was held out is not written to later",
        "比較群の顧客には後からも送らない",
    ),
    # Why somebody is a candidate.
    "because_step": ("Day {after} after the order of {event}.", "{event}の注文から{after}日。"),
    "because_registered": (
        "Day {after} after the registration of {event}, without an order.",
        "{event}の会員登録から{after}日、未購入。",
    ),
    "because_second_purchase": (
        "Day {after} after the only order, of {event}.",
        "{event}の初回購入から{after}日、2回目なし。",
    ),
    "because_review": (
        "Day {after} after the last order, of {event}.",
        "{event}の最終購入から{after}日。",
    ),
    "because_win_back": (
        "Day {after} after the last order, of {event}.",
        "{event}の最終購入から{after}日。",
    ),
    "because_birthday": ("The birthday is on {event}.", "誕生日は{event}。"),
    "because_forgot_to_buy": (
        "The next order is expected on {event}.",
        "次回購入予測日は{event}。",
    ),
    "because_slipping_away": (
        "Silent for longer than usual since {event}; the last order was on {last}.",
        "{event}から離脱傾向(最終購入 {last})。",
    ),
    "because_likely_buyer": (
        "Likely to buy soon; the last order was on {last}.",
        "近いうちに購入する見込み(最終購入 {last})。",
    ),
    "because_cart": (
        "Hour {after} after the cart was left, on {event}.",
        "{event}にカゴ落ち、{after}時間経過。",
    ),
    "because_browse": (
        "Hour {after} after the product was viewed, on {event}.",
        "{event}に商品を閲覧、{after}時間経過。",
    ),
    # Reasons against, of the candidate itself.
    "exclusion_opted_out": ("opted out", "配信停止"),
    "exclusion_order_pending": ("an order is pending", "注文処理中"),
    "exclusion_subscription_open": ("a subscription is open", "定期購入中"),
    "exclusion_ordered": ("has ordered since", "その後に購入済み"),
    "exclusion_newer_cart": ("has a newer cart", "新しいカートあり"),
    "exclusion_active": ("may be shopping now", "閲覧中の可能性"),
    "exclusion_recent_order": ("has ordered lately", "直近に購入"),
    "exclusion_unknown": ("is not known", "会員不明"),
    # What the reader has to know.
    "note_no_messages": (
        "No log of messages was given (--messages): nothing is known of what was sent before, or "
        "of who opted out.",
        "配信履歴(--messages)がないため、配信済みの内容や配信停止の希望は考慮していません。",
    ),
    "note_needs_events": (
        "{triggers}: needs a log of the site (--events), so there are no candidates.",
        "{triggers}: サイトのログ(--events)がないため対象者なし。",
    ),
    "note_needs_customers": (
        "{triggers}: needs a table of customers (--customers), so there are no candidates.",
        "{triggers}: 会員の表(--customers)がないため対象者なし。",
    ),
    "note_too_small": (
        "{triggers}: the shop is too small for it ({told}).",
        "{triggers}: データが足りないため対象者なし({told})。",
    ),
    "note_unknown_visitors": (
        "{count} visitors who left a cart or a product are not known.",
        "カートや商品を残した訪問者のうち、会員と結び付かない人が{count}人います。",
    ),
    "note_opted_out_by": (
        "Opted out by {columns}: {count} of {all} customers in the table. They get nothing.",
        "{columns}により、会員の表の{all}人のうち{count}人を配信停止として除外します。",
    ),
    "note_no_opt_out": (
        "No column of {file} says who has opted out; if one does, name it with --opted-out.",
        "{file}に配信停止を示す列が見つかりません。ある場合は --opted-out で指定してください。",
    ),
    "note_unknown_recipients": (
        "{count} messages of the log are of nobody in the orders or the table of customers: "
        "another form of ids?",
        "配信履歴のうち{count}件は、注文にも会員の表にもないIDです。IDの形式が異なる可能性があります。",
    ),
    "note_of_all_channels": (
        "{count} opt-outs are of channels that the rules do not have; they count for all channels.",
        "配信停止のうち{count}件は、ルールにない配信手段のものです。すべての配信手段の停止とみなします。",
    ),
    "note_messages_read": (
        "{rows} messages were read; {known} have a kind that counts.",
        "配信履歴{rows}件のうち{known}件を使いました。",
    ),
    "note_other_kinds": (
        "Kinds of messages that were not used: {kinds}.",
        "使わなかった配信履歴の種別: {kinds}。",
    ),
    "blank": ("(blank)", "(空欄)"),
    "written_to": ("Written to {path}", "{path} に書き出しました"),
    "sending_how": (
        "-o today.csv writes every candidate with its reason, --page today.html a page.",
        "-o today.csv で判定結果を、--page today.html でページを書き出します。",
    ),
    "made_with_ids": (
        "Made by crm-core {version}. This page holds ids of customers.",
        "crm-core {version} で作成。このページには会員IDが含まれます。",
    ),
}

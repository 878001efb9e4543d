"""The texts of the sections on customers over time: 6 to 8."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "title_missing": ("{name}: not enough data yet", "{name}: まだデータが足りません"),
    "people": ("People", "人数"),
    "days": ("{days} d", "{days}日"),
    "all_customers": ("All customers", "全顧客"),
    # 6. The wall.
    "wall": ("Purchase by purchase", "継続・離脱"),
    "wall_question": (
        "Where do customers stop? Of those who made a purchase, the share who went on to the next "
        "(95 % interval), who stopped (churned), and who may still go on.",
        "どこで顧客を失うか。各回の購入者のうち、次回へ進んだ割合(95%区間)、離脱した割合、"
        "まだ分からない割合。",
    ),
    "wall_title": (
        "The second order is where most customers stop: {rate} go on to it.",
        "最大の壁は2回目の購入(継続率 {rate})。",
    ),
    "wall_title_later": (
        "Fewest customers go on to purchase {k}: {rate}.",
        "最大の壁は{k}回目の購入(継続率 {rate})。",
    ),
    "wall_third": ("After three, {rate} go on.", "3回買えば{rate}が続く。"),
    "purchase_k": ("{k}", "{k}回目"),
    "wall_k": ("Purchase", "購入回数"),
    "wall_reach": ("Made it", "到達"),
    "wall_goes_on": ("Went on", "継続率"),
    "wall_interval": ("95 % interval", "95%区間"),
    "wall_churned": ("Churned", "離脱率"),
    "wall_waiting": ("May go on", "未確定"),
    "wall_survives": ("Of all customers", "残存率"),
    "wall_ltv": ("Revenue up to it, per customer", "累積LTV"),
    "wall_days": ("Days to the next (median)", "次回まで(中央値)"),
    # 7. LTV.
    "ltv": ("Value of new customers", "LTV推移"),
    "ltv_question": (
        "Are newer customers worth more? Revenue per new customer up to a number of days after the "
        "first order. A hatched cell is not over for all customers of the month.",
        "新しい顧客ほど価値が高いか。初回購入からの日数別の、新規顧客1人あたり累積売上。"
        "斜線は日数が足りない月。",
    ),
    "ltv_title_up": (
        "Newer customers are worth more: {now} within 90 days ({months}), a year before {before}, "
        "{change}",
        "新しい顧客ほど価値が高い: 90日LTV {now}({months})、前年同月 {before}、{change}",
    ),
    "ltv_title_down": (
        "Newer customers are worth less: {now} within 90 days ({months}), a year before {before}, "
        "{change}",
        "新しい顧客の価値が下がっている: 90日LTV {now}({months})、前年同月 {before}、{change}",
    ),
    "ltv_title_unclear": (
        "Newer customers are worth about the same: {now} within 90 days ({months}), a year before "
        "{before}, no clear change ({change})",
        "新しい顧客の価値ははっきり変わらない: 90日LTV {now}({months})、前年同月 "
        "{before}({change})",
    ),
    "ltv_title_too_few": (
        "{now} within 90 days ({months}); too few customers to compare with {before} a year before "
        "({change})",
        "90日LTV {now}({months})。前年同月 {before}と比べるには顧客が少なすぎます({change})",
    ),
    "ltv_title_young": (
        "{now} within 90 days ({months})",
        "90日LTV {now}({months})",
    ),
    "ltv_title_alone": (
        "Revenue per new customer, month by month",
        "新規顧客1人あたりの累積売上",
    ),
    "ltv_said": (
        "New customers of {months} brought {now} each within 90 days, after {before}: {moved}.",
        "{months}の新規顧客の90日LTVは{now}、前年{before}。{moved}。",
    ),
    "ltv_heat": ("Revenue per customer by month of the first order", "初回購入月別の累積LTV"),
    "ltv_month": ("First order", "初回月"),
    "ltv_first": ("First order", "初回"),
    "ltv_curves": ("Revenue per customer, two years", "累積LTVの前年比較"),
    "ltv_curves_text": (
        "Revenue per new customer by days since the first order, as far as all are observed.",
        "初回購入からの日数別の累積売上。全員を観察できた日数まで。",
    ),
    # 8. Value.
    "value": ("Predicted value", "予測LTV"),
    "value_question": (
        "What will today's customers be worth? Revenue expected of them in 365 days, without new "
        "customers, with a band of 80 %; and the same forecast a year ago beside what came.",
        "今の顧客は今後いくらになるか。新規を除く365日の期待売上と80%の範囲。"
        "1年前の同じ予測と実績も並べます。",
    ),
    "value_title_held": (
        "{expected} is expected of today's customers in a year; last year's forecast of {then} "
        "held "
        "({came} came)",
        "今の顧客から1年で{expected}の見込み。1年前の予測{then}は範囲内(実績{came})",
    ),
    "value_title_high": (
        "Last year's forecast was {error} too high, outside its band; this year {expected} is "
        "expected",
        "1年前の予測は{error}高すぎ、範囲の外。今年の見込みは{expected}",
    ),
    "value_title_low": (
        "Last year's forecast was {error} too low, outside its band; this year {expected} is "
        "expected",
        "1年前の予測は{error}低すぎ、範囲の外。今年の見込みは{expected}",
    ),
    "value_title_alone": (
        "{expected} is expected of today's customers in a year; the forecast is not tested yet",
        "今の顧客から1年で{expected}の見込み(過去での検証はまだできません)",
    ),
    "value_said_high": (
        "The forecast of a year ago was {error} too high: {then} was expected, {came} came, "
        "outside "
        "the band. Do not plan with the middle of this year's ({expected}) alone.",
        "1年前の予測は{error}高すぎました(予測{then}、実績{came}、範囲の外)。"
        "今年の{expected}も幅で見てください。",
    ),
    "value_said_low": (
        "The forecast of a year ago was {error} too low: {then} was expected, {came} came, outside "
        "the band. Do not plan with the middle of this year's ({expected}) alone.",
        "1年前の予測は{error}低すぎました(予測{then}、実績{came}、範囲の外)。"
        "今年の{expected}も幅で見てください。",
    ),
    "value_segment": ("Segment", "セグメント"),
    "value_people": ("People", "人数"),
    "value_expected": ("Expected in 365 days", "365日の期待売上"),
    "value_band": ("80 % band", "80%の範囲"),
    "value_share": ("Share", "構成比"),
    "value_each": ("Per customer", "1人あたり"),
    "value_note": (
        "The band of a segment contains what its customers may do by chance, and how wrong the "
        "same "
        "forecast of the shop was at earlier dates. Churned: no order for longer than the churn "
        "days.",
        "範囲には、顧客の行動の偶然と、過去の時点での同じ予測の誤差を含みます。離脱: "
        "基準日数以上注文がない顧客。",
    ),
    "past": ("The forecast of a year ago", "1年前の予測と実績"),
    "past_name": ("A year ago", "1年前"),
    "past_expected": ("Expected", "予測"),
    "past_band": ("80 % band", "80%の範囲"),
    "past_came": ("Came", "実績"),
    "past_verdict": ("Held?", "判定"),
    "past_held": ("inside the band", "範囲内"),
    "past_missed": ("failed: outside the band", "外れ: 範囲の外"),
}

"""The texts of campaigns, experiments and channels."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "worked": ("Did it work", "施策の効果"),
    "worked_question": (
        "What did the messages bring that would not have come anyway, which variant sold more, and "
        "which channel earned it?",
        "配信がなければ生まれなかった購入はどれだけか。どの案がよく売れたか。どのチャネルの成果か。",
    ),
    "worked_title": ("Messages, experiments and channels", "配信・実験・チャネル"),
    "worked_title_up": (
        "{up} of {of} campaigns clearly brought purchases that would not have come anyway",
        "{of}件のうち{up}件の配信は、配信しない場合より明らかに購入を増やしました",
    ),
    "worked_title_mixed": (
        "Of {of} campaigns {up} clearly brought purchases, {down} clearly cost some",
        "{of}件の配信のうち、明らかに購入を増やしたもの{up}件、減らしたもの{down}件",
    ),
    "worked_title_unclear": (
        "None of {of} campaigns has a clear effect",
        "{of}件の配信に、はっきりした効果はありません",
    ),
    "worked_effects": (
        "Bought, those written to less those held out",
        "購入率の差(配信した人 − 配信を控えた人)",
    ),
    "worked_effects_text": (
        "People were held out by chance, so the difference is what the messages did. The line is "
        "the 95 % interval; an effect is clear where it excludes 0.",
        "無作為に配信を控えた人との差が、配信の効果です。線は95%区間で、0を含まないとき明らかな効果とします。",
    ),
    "worked_campaign": ("Campaign", "施策"),
    "worked_sent": ("Written to", "配信数"),
    "worked_held_out": ("Held out", "配信を控えた人数"),
    "worked_bought": ("Bought", "購入率"),
    "worked_bought_held_out": ("Bought, held out", "購入率(控えた人)"),
    "worked_difference": ("Difference (95 % interval)", "差(95%区間)"),
    "worked_extra": ("Revenue it brought (95 % interval)", "増えた売上(95%区間)"),
    "worked_mismatch": (
        "In {campaigns} the numbers of people do not fit the shares that were drawn; the effects "
        "of these cannot be read.",
        "{campaigns} は人数が抽選の割合と合わないため、効果を読むことができません。",
    ),
    "worked_rates": ("What became of the messages", "配信の反応"),
    "worked_rates_text": (
        "Shares of the delivered messages with their 95 % intervals. Opens and clicks by machines "
        "are apart. Who buys after a message might have bought without it.",
        "到達数に対する割合と95%区間。機械による開封・クリックは除きます。"
        "配信後の購入には、配信がなくても買った人を含みます。",
    ),
    "worked_delivered": ("Delivered", "到達数"),
    "worked_opened": ("Opened", "開封率"),
    "worked_clicked": ("Clicked", "クリック率"),
    "worked_converted": ("Bought after it", "配信後購入率"),
    "worked_unsubscribed": ("Opted out", "配信停止率"),
    "worked_experiment": ("The experiment {name}", "実験 {name}"),
    "worked_experiment_text": (
        "Each variant of {name} against the first one, with the 95 % interval of the difference.",
        "{name} の各案を最初の案と比べた差と95%区間。",
    ),
    "worked_measure": ("Measure", "指標"),
    "worked_variant": ("Variant", "案"),
    "worked_people": ("People", "人数"),
    "worked_mean": ("Mean", "平均"),
    "worked_verdict": ("Verdict", "判定"),
    "worked_credits": ("Which channel earned it", "チャネル別の貢献"),
    "worked_credits_text": (
        "The share of purchases that each way of counting gives a channel: the last visit, the "
        "first one, all alike, and what would be lost without it (Markov). Where they differ, "
        "none is the truth: only people held out tell.",
        "各チャネルに割り当てた購入の割合。最後の訪問、最初の訪問、均等、そのチャネルがない場合に失う分"
        "(マルコフ)の4通り。大きく異なる場合、どれかが正しいとは言えません(確かめるには無作為な比較が必要です)。",
    ),
    "worked_channel": ("Channel", "チャネル"),
}

"""Whom to write to today, and whom not: due messages, a cap, a budget and a control group."""

import crm_core as crm

day = "2025-12-31"
shop = crm.simulate_orders(300, seed=7)
orders = crm.Orders(
    shop, currency="JPY", order_id="order_id", status="status", guests="drop", timezone="Asia/Tokyo"
)
due = crm.candidates(orders, day, triggers=["review", "second_purchase", "win_back"])
rules = {
    "caps": [{"days": 1, "messages": 1}, {"days": 7, "messages": 2}],
    "holdout": {"share": 0.1, "experiment": "winter"},
    "budget": 10,
}
# The log of messages is yours: customer_id, kind, occurred_at, dedupe_key.
log = {
    "customer_id": [due.to_dict()["customer_id"][0]],
    "kind": ["sent"],
    "occurred_at": ["2025-12-30T09:00:00+09:00"],
    "dedupe_key": [due.to_dict()["dedupe_key"][0]],
}
decided = crm.decide(due, log, rules=rules, now=f"{day}T10:00:00+09:00")
print(decided.filter(decision="send").select("customer_id", "trigger", "dedupe_key"))
print(decided.filter(decision=["skip", "hold"]).select("customer_id", "trigger", "reason_code"))

"""Abandoned carts to follow up, and what they are worth."""

import crm_core as crm

log = crm.simulate_events(1_000, seed=7)  # your frame, or crm.read_events("log.csv")
events = crm.Events(
    log,
    customer_id="customer_id",
    product="product",
    order_id="order_id",
    amount="amount",
    currency="JPY",
    timezone="Asia/Tokyo",
)
now = "2026-03-20T09:00:00+09:00"
rate = crm.cart_abandonment(events, now).to_dict()
print(f"{rate['abandonment_rate'][0]:.0%} abandoned, {rate['value_lost'][0]:,.0f} yen lost")
carts = crm.cart_follow_ups(events, now).filter(suppressed_by=None)
print(carts.select("customer_id", "abandoned_at", "stage", "quantity", "amount"))

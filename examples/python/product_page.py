"""Related products as JSON, for the pages of a shop: what the same customers buy."""

import json

import crm_core as crm

shop = crm.simulate_orders(300, seed=7)
orders = crm.Orders(shop, currency="JPY", order_id="order_id", product="product", guests="drop")
related = crm.similar_items(orders, k=3).to_pandas()
pages = related.groupby("product", observed=True)["similar"].apply(list).to_dict()
print(json.dumps(pages, ensure_ascii=False, indent=1))

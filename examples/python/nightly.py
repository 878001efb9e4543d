"""Orders of last night added to those saved in a file, the argument."""

import sys
import tempfile
from pathlib import Path

import crm_core as crm

path = Path(sys.argv[1] if len(sys.argv) > 1 else f"{tempfile.mkdtemp()}/orders.crm")
frame = crm.simulate_orders(300, seed=7).to_pandas()
early = frame["ordered_at"] < "2025-12-01"

# The first night: everything.
orders = crm.Orders(frame[early], currency="JPY", order_id="order_id", guests="drop")
path.write_bytes(orders.to_bytes())

# Each night after it: the rows that are new or have changed.
orders = crm.Orders.from_bytes(path.read_bytes())
orders = orders.append(frame[~early], on_repeat="replace")
path.write_bytes(orders.to_bytes())
print(orders.receipt)
print(orders)

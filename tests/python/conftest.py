"""What the tests share."""

import pytest

import crm_core as crm


@pytest.fixture(scope="session")
def shop() -> crm.Table:
    """The order lines of a simulated shop."""
    return crm.simulate_orders(300, seed=7)


@pytest.fixture(scope="session")
def orders(shop: crm.Table) -> crm.Orders:
    """Its orders, with all that a shop has."""
    return crm.Orders(
        shop,
        currency="JPY",
        order_id="order_id",
        status="status",
        kind="kind",
        discount="discount",
        refunded="refunded",
        refunded_at="refunded_at",
        product="product",
        category="category",
        channel="channel",
        timezone="Asia/Tokyo",
        guests="keep",
    )

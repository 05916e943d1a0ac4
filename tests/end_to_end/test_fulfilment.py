"""One order from the signed webhook to the label."""

from __future__ import annotations

from tests.end_to_end.world import World, a_sku


def test_a_paid_order_becomes_a_label(world: World) -> None:
    """A signed webhook over HTTP ends as a fulfilled order with a label that can be fetched."""
    sku = a_sku()
    world.receive(sku, 10)
    number = world.sell(sku)
    order = world.eventually_order(number, "FULFILLED")
    package = order["shipments"][0]
    label = world.ask(f"/shipments/{package['shipment_id']}/label")
    assert label.headers["content-type"] == "application/pdf"
    assert label.content.startswith(b"%PDF-")
    assert order["order"]["tracking_number"] == package["tracking_number"] != ""

"""Free ports and taken ones."""

from __future__ import annotations

import os
import socket

from creatorflow.devstack.ports import CHOICE, free_port, is_free, taken


def test_a_chosen_port_is_free_and_out_of_the_way_of_clients() -> None:
    """Nobody listens on it, and the system gives it to no outgoing connection."""
    port = free_port()
    assert is_free(port)
    assert port in CHOICE


def test_a_port_with_a_listener_is_not_free() -> None:
    """A server that listens has its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert f"pid {os.getpid()}" in str(taken(port, "kafka", "CREATORFLOW_KAFKA_PORT"))


def test_a_port_with_closing_connections_is_free() -> None:
    """After a server went, what is left of its connections does not keep the next one away."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()
        client.close()
    assert is_free(port)

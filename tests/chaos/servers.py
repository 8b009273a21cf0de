"""PostgreSQL and Kafka of one's own, each behind a wire that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict

from ops import topics
from tests.chaos.proxy import Proxy
from tests.integration.stores import Database
from tools.broker import Broker, free_port
from tools.postgres import Server, temporary


class Servers(NamedTuple):
    """Both; workers and whoever sends come through the wires, whoever looks and checks does not need to."""

    postgres: Server
    broker: Broker
    database_wire: Proxy
    broker_wire: Proxy

    @property
    def store(self) -> str:
        """The store's URL, through the wire."""
        return f"postgresql://postgres@127.0.0.1:{self.database_wire.port}/postgres"

    @property
    def kafka(self) -> str:
        """Where clients of the broker begin, through the wire."""
        return f"127.0.0.1:{self.broker_wire.port}"

    @property
    def behind(self) -> Database:
        """The store, not through the wire."""
        return Database(self.postgres.url())


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Both, with topics; stopped again whatever happens."""
    with ExitStack() as stack:
        postgres = stack.enter_context(temporary(durable=False))
        socket = f"{conninfo_to_dict(postgres.url())['host']}/.s.PGSQL.5432"
        database_wire = Proxy(lambda: asyncio.open_unix_connection(socket))
        port = free_port()
        broker_wire = Proxy(lambda: asyncio.open_connection("127.0.0.1", port))
        told = {
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker_wire.port}",
            "group.min.session.timeout.ms": "500",
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "3000",  # so long does it wait for the one that was killed, which it was
        }
        broker = Broker(folder / "broker", told, port)
        for wire in (database_wire, broker_wire):
            wire.start()
            stack.callback(wire.stop)
        stack.callback(broker.kill)  # its data are thrown away
        broker.start()
        made = Servers(postgres, broker, database_wire, broker_wire)
        asyncio.run(topics.make(made.kafka))
        yield made

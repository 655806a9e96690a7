"""The open connections of one server: what each is doing, since when, and which one goes when there are too many.

All of this happens in the server's loop, in one thread.
"""

from __future__ import annotations

import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Any

from commons.web.client_address import client_network


class Phase(Enum):
    """What a connection is doing."""

    FRESH = auto()  # opened, and nothing has come yet
    READING = auto()  # a request has begun and is not complete
    BUSY = auto()  # a thread has the request
    IDLE = auto()  # answered, and kept for the next request
    LINGERING = auto()  # answered for the last time, until the client closes too


LIMIT_S = {Phase.FRESH: 15.0, Phase.READING: 15.0, Phase.IDLE: 65.0, Phase.LINGERING: 5.0}
"""How long a connection may stay in a phase; a thread looks after its own time."""

YOUNG_S = 1.0
_FIRST_TO_GO = (
    (Phase.LINGERING, 0.0),
    (Phase.READING, YOUNG_S),
    (Phase.FRESH, YOUNG_S),
    (Phase.IDLE, YOUNG_S),
    (Phase.FRESH, 0.0),
    (Phase.READING, 0.0),
    (Phase.IDLE, 0.0),
)
"""Whose oldest connection makes room for another one, if it is at least so old. Slow requests go before idle connections:
an honest client's request is complete within a moment, and one that finds its idle connection closed opens another."""


class Connection:
    """One client's connection.

    Attributes:
        socket: never blocks.
        client, server: addresses as the socket gives them.
        network: what counts as one client.
        received: bytes that no request has used yet.
        exchange: its request, once the head is complete.
    """

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.client = client
        self.server = server
        self.network = client_network(str(client[0]))
        self.received = bytearray()
        self.exchange: Any = None
        self.phase = Phase.FRESH


class ConnectionTable:
    """The connections, the oldest of each phase first.

    Args:
        most: connections in all.
        most_of_one: connections of one client's network.
        clock: monotonic seconds.
    """

    def __init__(self, *, most: int, most_of_one: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._clock = clock
        self._phases: dict[Phase, OrderedDict[Connection, float]] = {phase: OrderedDict() for phase in Phase}
        self._of_network: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._phases.values()))

    def __iter__(self) -> Iterator[Connection]:
        return (connection for members in self._phases.values() for connection in list(members))

    def count(self, phase: Phase) -> int:
        """How many connections are in a phase."""
        return len(self._phases[phase])

    def add(self, connection: Connection) -> None:
        """Take a new connection in."""
        self._phases[connection.phase][connection] = self._clock()
        self._of_network[connection.network] += 1

    def remove(self, connection: Connection) -> None:
        """Forget a connection; without effect when it is gone already."""
        if self._phases[connection.phase].pop(connection, None) is not None:
            self._of_network[connection.network] -= 1
            if not self._of_network[connection.network]:
                del self._of_network[connection.network]

    def move(self, connection: Connection, phase: Phase) -> None:
        """Note that a connection does something else from now on."""
        del self._phases[connection.phase][connection]
        connection.phase = phase
        self._phases[phase][connection] = self._clock()

    def to_close_for(self, network: str) -> Connection | None:
        """The connection that has to go so that one more of `network` can stay; None when there is room.

        Raises:
            LookupError: there is no room, and threads have all the connections that could go.
        """
        if self._of_network[network] >= self._most_of_one:
            return self._first_to_go(network)
        return self._first_to_go() if len(self) >= self._most else None

    def first_to_go(self) -> Connection | None:
        """The connection that goes first when anything has to; None when threads have them all."""
        try:
            return self._first_to_go()
        except LookupError:
            return None

    def expired(self) -> list[Connection]:
        """The connections whose time in their phase is over."""
        now = self._clock()
        found = []
        for phase, limit_s in LIMIT_S.items():
            for connection, since in self._phases[phase].items():
                if now - since < limit_s:
                    break
                found.append(connection)
        return found

    def _first_to_go(self, network: str | None = None) -> Connection:
        now = self._clock()
        for phase, at_least_s in _FIRST_TO_GO:
            for connection, since in self._phases[phase].items():
                if now - since < at_least_s:
                    break
                if network is None or connection.network == network:
                    return connection
        raise LookupError

"""Which connections stay open: all that behave, and of too many those that have been slowest."""

from __future__ import annotations

from typing import Any

import pytest

from commons.web.serving.connection_table import LIMIT_S, YOUNG_S, Connection, ConnectionTable, Phase


class Socket:
    def setblocking(self, _flag: bool) -> None:
        """Like a socket's."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Board:
    def __init__(self, most: int = 100, most_of_one: int = 100) -> None:
        self.clock = Clock()
        self.table = ConnectionTable(most=most, most_of_one=most_of_one, clock=self.clock)

    def open(self, phase: Phase = Phase.FRESH, address: str = "10.0.0.1", age_s: float = 10.0) -> Connection:
        """A connection that has been in a phase for some time, opened after all others."""
        sock: Any = Socket()
        connection = Connection(sock, (address, 1), ("127.0.0.1", 80))
        self.table.add(connection)
        if phase is not Phase.FRESH:
            self.table.move(connection, phase)
        self.clock.now += age_s
        return connection


@pytest.mark.parametrize("phase", list(LIMIT_S))
def test_a_connection_has_a_time_for_each_phase(phase: Phase) -> None:
    board = Board()
    first = board.open(phase, age_s=LIMIT_S[phase] - 1)
    board.open(phase, age_s=0.5)
    assert board.table.expired() == []
    board.clock.now += 0.5
    assert board.table.expired() == [first]


def test_a_thread_looks_after_the_time_of_a_busy_connection_itself() -> None:
    board = Board()
    board.open(Phase.BUSY, age_s=10_000)
    assert board.table.expired() == []


def test_as_long_as_there_is_room_nobody_goes() -> None:
    board = Board(most=3, most_of_one=2)
    board.open()
    assert board.table.to_close_for("10.0.0.1") is None
    board.open()
    assert board.table.to_close_for("10.0.0.2") is None


def test_one_client_makes_room_among_its_own_connections() -> None:
    board = Board(most=10, most_of_one=2)
    board.open(address="10.0.0.9")
    oldest = board.open(address="10.0.0.1")
    board.open(address="10.0.0.1")
    assert board.table.to_close_for("10.0.0.1") is oldest


def test_the_slowest_request_goes_before_those_that_rest() -> None:
    board = Board(most=4)
    board.open(Phase.IDLE, age_s=50)
    slowest = board.open(Phase.READING)
    board.open(Phase.READING)
    board.open(Phase.BUSY)
    assert board.table.to_close_for("10.0.0.2") is slowest


def test_what_has_only_just_begun_goes_last() -> None:
    board = Board(most=2)
    resting = board.open(Phase.IDLE, age_s=50)
    just_begun = board.open(Phase.READING, age_s=YOUNG_S / 2)
    assert board.table.to_close_for("10.0.0.2") is resting
    board.table.remove(resting)
    board.open(Phase.BUSY, age_s=0)
    assert board.table.to_close_for("10.0.0.2") is just_begun


def test_an_answered_connection_that_only_awaits_its_end_goes_first() -> None:
    board = Board(most=2)
    board.open(Phase.READING)
    ending = board.open(Phase.LINGERING, age_s=0)
    assert board.table.to_close_for("10.0.0.2") is ending


def test_connections_that_threads_have_do_not_go() -> None:
    board = Board(most=1)
    board.open(Phase.BUSY)
    with pytest.raises(LookupError):
        board.table.to_close_for("10.0.0.2")
    assert board.table.first_to_go() is None


def test_a_removed_connection_makes_room_once() -> None:
    board = Board(most=2, most_of_one=1)
    connection = board.open()
    board.table.remove(connection)
    board.table.remove(connection)
    assert len(board.table) == 0
    assert board.table.to_close_for("10.0.0.1") is None

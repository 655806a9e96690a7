"""One machine's whole platform: chain, contract, aggregator, model buyer and data owners, each a process of its own."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from commons.chain.connection import ChainConnection
from commons.chain.deployment import deploy
from commons.chain.jobs import ContractCall
from commons.chain.keystore import LIGHT_ITERATIONS, create_keystore, load_account
from commons.chain.transactions import send_and_wait
from commons.ciphers.paillier import UNSAFE_SMALL_KEYS
from commons.errors import InvalidInput
from commons.storage.private_folder import private_files
from deltaml.demo.options import DemoOptions
from deltaml.demo.processes import ServiceProcess, Services
from deltaml.nodes import ChainNode, fund, start_anvil, start_ganache
from deltaml.service_session import ServiceSession, open_session

START_TIMEOUT_S = 90.0
DATA_DIR = "data"
"""In an owner's folder, apart from what its service keeps there for itself: files in it are read where they lie."""
_ETHER = 10**18
_ADMIN = "admin"
_WORKING_BALANCE_WEI = 5 * _ETHER

Front = Callable[[Callable[[], str]], str]
"""Puts something in front of a service: gives its URL, from a function that knows the service's own once that is up."""


@dataclass(frozen=True)
class Login:
    """How a person signs in to one of the demo's services.

    Attributes:
        profile: JSON file that `deltaml --profile` takes.
    """

    name: str
    url: str
    user: str
    password: str
    profile: Path


@dataclass(frozen=True)
class Member:
    """A buyer or owner of the demo: its account, its login, and a signed-in session."""

    address: str
    login: Login
    session: ServiceSession


@dataclass(frozen=True)
class World:
    """Everything that runs."""

    rpc_url: str
    contract_address: str
    aggregator_url: str
    aggregator_address: str
    buyer: Member
    owners: tuple[Member, ...]
    services: Services


@dataclass(frozen=True)
class _Seat:
    """A service before it runs: its folder, keystore and passwords."""

    name: str
    folder: Path
    address: str
    keystore_password: str
    admin_password: str

    def environment(self) -> dict[str, str]:
        """The settings that hold secrets go by environment, never on the command line."""
        return {
            "DELTAML_STATE_DIR": str(self.folder),
            "DELTAML_KEYSTORE": str(self.folder / "keystore.json"),
            "DELTAML_KEYSTORE_PASSWORD": self.keystore_password,
            "DELTAML_ADMIN_PASSWORD": self.admin_password,
            "DELTAML_HOST": "127.0.0.1",
            "DELTAML_PORT": "0",
            # Passwords are random here, so guessing them is hopeless whatever one guess costs.
            "DELTAML_VAULT_COST": "4096",
            "DELTAML_POLL_INTERVAL_S": "0.4",
            "DELTAML_DATA_DIRS": str(self.folder / DATA_DIR),
        }


def _take_seat(folder: Path, name: str) -> _Seat:
    folder.mkdir(parents=True, mode=0o700)
    password = secrets.token_urlsafe(24)
    address = create_keystore(folder / "keystore.json", password, iterations=LIGHT_ITERATIONS)
    return _Seat(name, folder, address, password, secrets.token_urlsafe(9))


def _owner_seats(folder: Path, count: int) -> list[_Seat]:
    """The owners' seats; owner i has the i-th address in order, so that the draw of roles depends on the seed alone."""
    unordered = [_take_seat(folder / f"unordered-{index}", "") for index in range(count)]
    seats = []
    for index, seat in enumerate(sorted(unordered, key=lambda item: item.address.lower())):
        own = seat.folder.rename(folder / f"owner-{index}")
        (own / DATA_DIR).mkdir(mode=0o700)
        seats.append(_Seat(f"owner-{index}", own, seat.address, seat.keystore_password, seat.admin_password))
    return seats


@contextmanager
def running_world(
    options: DemoOptions,
    folder: Path,
    *,
    front: Front | None = None,
    node: ChainNode | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[World]:
    """Start everything, give it as a `World`, and stop everything at the end.

    Args:
        options: of the demo.
        folder: state, logs and ready files of the services go here.
        front: gives the URL under which the services reach chain and aggregator, for example a recording proxy's.
        node: a running node of the caller's; by default one is started, and stopped at the end.
        settings: more settings for all services.

    Raises:
        ServiceUnavailable, ChainUnavailable: something did not come up; with its own last words.
    """
    with ExitStack() as stack:
        stack.enter_context(private_files())
        aggregator, buyer = _take_seat(folder / "aggregator", "aggregator"), _take_seat(folder / "buyer", "buyer")
        owners = _owner_seats(folder, options.owners)
        # The node starts in a process of its own; meanwhile this one has time. No thread is left when services fork.
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(_load_services)
            rpc_url, contract_address = _chain(options, [aggregator, buyer, *owners], folder, stack, node)
            loading.result()
        services = stack.enter_context(Services(folder))
        shared = _shared_settings(options, rpc_url if front is None else front(lambda: rpc_url), contract_address)
        shared |= settings or {}
        deadline = time.monotonic() + START_TIMEOUT_S
        # The others need the aggregator's address; they come up while it does, on a port that is found for it.
        shared["DELTAML_AGGREGATOR_URL"] = _start_aggregator(services, aggregator, shared, front, deadline)
        members = _start_participants(services, (buyer, *owners), shared, stack, deadline)
        yield World(
            rpc_url=rpc_url,
            contract_address=contract_address,
            aggregator_url=shared["DELTAML_AGGREGATOR_URL"],
            aggregator_address=aggregator.address,
            buyer=members[0],
            owners=tuple(members[1:]),
            services=services,
        )


def _shared_settings(options: DemoOptions, rpc_url: str, contract_address: str) -> dict[str, str]:
    """What all services are told, unless more settings say otherwise."""
    shared = {
        "DELTAML_ETH_RPC_URL": rpc_url,
        "DELTAML_CONTRACT_ADDRESS": contract_address,
        # For jobs that are posted by hand; this one names its size itself.
        "DELTAML_KEY_BITS": str(options.key_bits),
    }
    if options.key_policy == UNSAFE_SMALL_KEYS:
        shared["DELTAML_UNSAFE_SMALL_KEY"] = "true"
    return shared


def _start_participants(
    services: Services, seats: Sequence[_Seat], shared: Mapping[str, str], stack: ExitStack, deadline: float
) -> list[Member]:
    """The buyer, whose seat is the first, and the owners; they come up side by side."""
    started = [
        services.start(
            seat.name,
            ["owner" if place else "buyer", "serve"],
            {**shared, **seat.environment(), "DELTAML_NAME": seat.name},
        )
        for place, seat in enumerate(seats)
    ]
    return [
        stack.enter_context(_signed_in(seat, service, deadline)) for seat, service in zip(seats, started, strict=True)
    ]


def _start_aggregator(
    services: Services, seat: _Seat, shared: Mapping[str, str], front: Front | None, deadline: float
) -> str:
    """The URL under which the others reach it; without something in front it is up."""
    # Participants sign in for the URL under which they know the aggregator, which has to be told of another than its own.
    fronted = None if front is None else front(lambda: running.url(deadline))
    told = {} if fronted is None else {"DELTAML_PUBLIC_URL": fronted}
    running = services.start("aggregator", ["aggregator", "serve"], {**shared, **seat.environment(), **told})
    return fronted or running.url(deadline)


def _load_services() -> None:
    """Import what the services need before they are forked."""
    import alembic.command  # noqa: F401, PLC0415
    import siwe  # noqa: F401, PLC0415

    import model_buyer.serve  # noqa: F401, PLC0415


def _chain(
    options: DemoOptions, seats: list[_Seat], folder: Path, stack: ExitStack, node: ChainNode | None
) -> tuple[str, str]:
    """A node, money for everybody, and a fresh contract: its RPC URL and the contract's address."""
    if options.eth_rpc_url is not None:
        return options.eth_rpc_url, _use_other_node(options, seats)
    if node is None:
        node = stack.enter_context(start_anvil() if options.chain == "anvil" else start_ganache())
    deployer = _take_seat(folder / "deployer", "deployer")
    for seat in (*seats, deployer):
        fund(node.rpc_url, seat.address, 10 * _ETHER)
    fund(node.rpc_url, seats[1].address, 20 * options.deposit_wei + 10 * _ETHER)
    account = load_account(deployer.folder / "keystore.json", deployer.keystore_password)
    return node.rpc_url, deploy(node.rpc_url, account).address


def _use_other_node(options: DemoOptions, seats: list[_Seat]) -> str:
    password = os.environ.get("DELTAML_FUNDING_PASSWORD", "")
    if not password or options.funding_keystore is None or options.eth_rpc_url is None:
        raise InvalidInput("DELTAML_FUNDING_PASSWORD: set it to the password of --funding-keystore", field="password")
    account = load_account(options.funding_keystore, password)
    connection = ChainConnection(options.eth_rpc_url)
    for seat in seats:
        amount = _WORKING_BALANCE_WEI // 50 + (options.deposit_wei if seat.name == "buyer" else 0)
        send_and_wait(connection, account, ContractCall(seat.address, b"", amount, f"fund {seat.name}"))
    return deploy(options.eth_rpc_url, account).address


@contextmanager
def _signed_in(seat: _Seat, service: ServiceProcess, deadline: float) -> Iterator[Member]:
    url = service.url(deadline)
    profile = seat.folder / "profile.json"
    descriptor = os.open(profile, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "user": _ADMIN, "password": seat.admin_password}, file)
    with open_session(url, _ADMIN, seat.admin_password) as session:
        yield Member(seat.address, Login(seat.name, url, _ADMIN, seat.admin_password, profile), session)

"""Sends what is in a transaction outbox, so that each call is mined once.

    queued ──preflight, sign, store──► signed ──send──► broadcast ──receipt, confirmations──► mined
       └────────── would revert ─────────────────────────────────────── reverted ──────────► failed
    queued or broadcast ◄── the deciding block was reorganised away ── mined, failed

The signed bytes are stored before they are sent: after a crash at any point the same bytes go out again, never a second
transaction. Rows go out one after another, each checked against the state that the one before left, so that a call which
is bound to revert is reported with the contract's reason and costs no gas. Several senders may share a table and an
account; the loser of a race leaves the row to the winner.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, TypeVar

from eth_account.signers.local import LocalAccount
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from web3.types import TxReceipt

from commons.chain import transactions
from commons.chain.artifact import marketplace_artifact
from commons.chain.blocks import BlockId, latest_block
from commons.chain.connection import ChainConnection
from commons.chain.fees import DEFAULT_MAX_FEE_WEI, Fees, gas_price
from commons.chain.jobs import ContractCall
from commons.chain.known_chain import KnownChain
from commons.chain.outbox import Outbox
from commons.chain.outbox_reorganisation import DecidedTransactions
from commons.chain.outbox_table import OutboxColumns, OutboxState
from commons.chain.reverts import Revert
from commons.errors import ChainUnavailable, TransactionFailed

# The wall clock can be ahead of the chain's, whose time is that of its latest block.
_PASSES_WITH_TIME: Final = frozenset({"MarketplaceTooEarly"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How many transactions are not finished, and what the next one waits for, in words for a person."""

    unfinished: int
    waiting_for: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPolicy:
    """When a transaction counts as mined, and what is done about one that is not.

    Attributes:
        confirmations: blocks from the one it is in, itself included, to the latest.
        resend_after_s: pause before the stored bytes are sent again to a node that has lost them.
        replace_after_s: age at which it is signed anew with a higher fee.
        max_fee_wei: the most offered for a unit of gas.
        idle_interval_s: while nothing is on its way, the node is asked no more often than this whether the chain was
            reorganised.
        max_gas: the most gas that a transaction may need; what needs more fails with `GasLimitExceeded`.
    """

    confirmations: int = 1
    resend_after_s: float = 5.0
    replace_after_s: float = 60.0
    max_fee_wei: int = DEFAULT_MAX_FEE_WEI
    idle_interval_s: float = 0.0
    max_gas: int = transactions.MAX_GAS


class OutboxSender:
    """Signs with `account` and sends what stands in `outbox`; call `step` again and again.

    Args:
        session_factory: gives sessions that hold no lock between two statements, as `Database.stepwise_sessions`
            does, since a step waits for the network in between.
        known_chain: of the follower of the same database; nothing is sent on another chain.
    """

    def __init__(
        self,
        session_factory: Callable[[], AbstractContextManager[Session]],
        outbox: Outbox,
        connection: ChainConnection,
        account: LocalAccount,
        *,
        known_chain: KnownChain,
        policy: SendingPolicy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sessions = session_factory
        self._outbox = outbox
        self._table = outbox.table
        self._connection = connection
        self._account = account
        self._policy = policy or SendingPolicy()
        self._clock = clock
        self._decided = DecidedTransactions(outbox.table, connection, known_chain, account.address, clock)
        self._looked_at = -math.inf
        self._waiting_for: str | None = None

    def step(self) -> OutboxStatus:
        """Move every transaction as far as it goes now, without waiting for blocks, and say what is left.

        Safe to call at any time and as often as one likes; an unreachable node is reported in the status, not raised.
        """
        with self._sessions() as session:
            unfinished = self._outbox.count_unfinished(session)
            if not unfinished and abs(self._clock() - self._looked_at) < self._policy.idle_interval_s:
                return OutboxStatus(0, self._waiting_for)
            self._looked_at = self._clock()
            try:
                self._waiting_for = self._pass(session, watch=unfinished > 0)
            except ChainUnavailable as error:
                session.rollback()
                self._waiting_for = error.message
            except (StaleDataError, IntegrityError):
                session.rollback()
                self._waiting_for = "another sender of this account"
            return OutboxStatus(self._outbox.count_unfinished(session), self._waiting_for)

    def _pass(self, session: Session, *, watch: bool) -> str | None:
        """Follow what is on its way, then submit what is queued; return what the first unfinished row waits for."""
        # First of all, so that nothing is checked against a state that lacks what came before it.
        self._decided.take_back(session, watch=watch)
        if not self._outbox.count_unfinished(session):
            return None
        self._connection.check()
        for row in self._on_their_way(session):
            if not self._follow(session, row):
                return row.note
        waiting: dict[str, str | None] = {}
        for row in self._queued(session):
            group = _group_of(row.key)
            if group not in waiting and not self._submit(session, row):
                waiting[group] = row.note
            elif group not in waiting and row.state is not OutboxState.FAILED and not self._follow(session, row):
                return row.note
        return next(iter(waiting.values()), None)

    def _on_their_way(self, session: Session) -> Sequence[OutboxColumns]:
        table = self._table
        mine = select(table).where(table.sender == self._account.address, table.chain_id == self._connection.chain_id)
        sent = mine.where(table.state.in_((OutboxState.SIGNED, OutboxState.BROADCAST)))
        return session.scalars(sent.order_by(table.nonce)).all()

    def _queued(self, session: Session) -> Sequence[OutboxColumns]:
        table = self._table
        return session.scalars(select(table).where(table.state == OutboxState.QUEUED).order_by(table.id)).all()

    # ------------------------------------------------------------------------------------------ queued to broadcast

    def _submit(self, session: Session, row: OutboxColumns) -> bool:
        """Check, sign, store and send a queued row; return False when it has to stay queued."""
        if not self._is_there(session, row):
            return False
        call = _call_of(row)
        try:
            gas_limit = transactions.estimate_gas(self._connection, self._account.address, call, self._policy.max_gas)
        except TransactionFailed as error:
            if error.fields["reason"] in _PASSES_WITH_TIME:
                return self._note(session, row, f"{error.message}; the chain's clock is not there yet")
            if self._decided.is_settling(session):
                return self._note(session, row, f"{error.message}; but the chain was reorganised just now")
            # Whatever block it was refused on, if it is dropped then so is this one.
            revert = Revert(error.fields["reason"], error.fields.get("arguments", {}))
            return self._fail(session, row, latest_block(self._connection), revert, error.message)
        except ChainUnavailable as error:
            if "rpc_message" not in error.fields:
                raise
            return self._note(session, row, error.message)
        fees = self._affordable_fees(session, row)
        if fees is None:
            return False
        balance_wei = transactions.balance_wei(self._connection, self._account.address)
        needed_wei = call.value_wei + gas_limit * fees.max_wei
        if balance_wei < needed_wei:
            lacking = f"account {self._account.address} has {balance_wei} wei and needs {needed_wei} wei; fund it"
            return self._note(session, row, lacking)
        row.chain_id = self._connection.chain_id
        row.sender = self._account.address
        row.nonce = transactions.next_nonce(self._connection, self._account.address)
        row.gas_limit = gas_limit
        self._sign_and_store(session, row, fees)
        self._send(session, row)
        return True

    def _is_there(self, session: Session, row: OutboxColumns) -> bool:
        # What calls an address without the contract succeeds there, and its ether is lost.
        if not row.data:
            return True
        code = transactions.code_at(self._connection, row.to_address)
        if marketplace_artifact().is_code_of(code):
            return True
        return self._note(
            session, row, f"the marketplace of this version is not at {row.to_address} on the node's chain"
        )

    def _affordable_fees(self, session: Session, row: OutboxColumns) -> Fees | None:
        price = gas_price(self._connection)
        fees = price.fees_within(self._policy.max_fee_wei)
        if fees is None:
            self._note(session, row, f"gas costs {price.least_wei} wei, over the limit of {self._policy.max_fee_wei}")
        return fees

    def _sign_and_store(self, session: Session, row: OutboxColumns, fees: Fees) -> None:
        signed = transactions.sign_transaction(
            self._account,
            _call_of(row),
            chain_id=_known(row.chain_id),
            nonce=_known(row.nonce),
            gas_limit=_known(row.gas_limit),
            fees=fees,
        )
        row.state = OutboxState.SIGNED
        row.max_fee_wei, row.priority_fee_wei = fees.max_wei, fees.priority_wei
        row.signed, row.signed_at, row.sent_at = signed.raw, self._clock(), None
        row.tx_hash = signed.tx_hash
        row.tx_hashes = [*row.tx_hashes, signed.tx_hash]
        session.commit()

    def _send(self, session: Session, row: OutboxColumns) -> None:
        note = None
        try:
            transactions.broadcast(self._connection, row.signed or b"")
            accepted = True
        except (ChainUnavailable, TransactionFailed) as error:
            if isinstance(error, ChainUnavailable) and "rpc_message" not in error.fields:
                raise
            # A node also refuses what it has already; whether it has decides, not its wording.
            accepted = transactions.is_known(self._connection, row.tx_hash or "")
            note = None if accepted else error.message
        row.sent_at = self._clock()
        row.state = OutboxState.BROADCAST if accepted else row.state
        row.note = note
        session.commit()

    # -------------------------------------------------------------------------------------------- broadcast to mined

    def _follow(self, session: Session, row: OutboxColumns) -> bool:
        """Note what became of a signed row, and push it on where needed; return whether it is in a block."""
        receipt = self._receipt(row)
        if receipt is None:
            self._push(session, row)
            return False
        block = BlockId(receipt["blockNumber"], "0x" + bytes(receipt["blockHash"]).hex())
        if self._policy.confirmations > 1:
            depth = latest_block(self._connection).number - block.number + 1
            if depth < self._policy.confirmations:
                self._note(session, row, f"{depth} of {self._policy.confirmations} confirmations")
                return True
        if receipt["status"] != 1 and self._decided.is_settling(session):
            self._requeue(session, row, "it reverted after a reorganisation; it is sent anew")
            return False
        if receipt["status"] != 1:
            revert = transactions.find_revert(self._connection, self._account.address, _call_of(row), block.number)
            note = f"the transaction was mined and reverted: {revert}"
            return self._fail(session, row, block, revert, note, receipt=receipt)
        self._decide(session, row, block)
        row.state, row.note = OutboxState.MINED, None
        _note_receipt(row, receipt)
        session.commit()
        return True

    def _receipt(self, row: OutboxColumns) -> TxReceipt | None:
        for tx_hash in reversed(row.tx_hashes):
            receipt = transactions.find_receipt(self._connection, tx_hash)
            if receipt is not None:
                return receipt
        return None

    def _push(self, session: Session, row: OutboxColumns) -> None:
        """Send again what the node lost, sign anew what is stuck, queue anew what lost its nonce."""
        now = self._clock()
        stuck = now - _known(row.signed_at) >= self._policy.replace_after_s
        if transactions.mined_nonce(self._connection, self._account.address) > _known(row.nonce):
            # A receipt may still be on its way from a node that is behind, or the other one be reorganised away.
            if stuck and self._is_nonce_lost(row):
                self._requeue(session, row, "another transaction of this account took its nonce; it is sent anew")
            return
        if stuck:
            # What was offered is no more than the limit either, so while gas costs more nothing can be mined.
            fees = self._affordable_fees(session, row)
            if fees is None or self._fill_gap(session, row, fees) or self._replace(session, row, fees):
                return
        if row.sent_at is None or now - row.sent_at >= self._policy.resend_after_s:
            self._send_if_lost(session, row)

    def _is_nonce_lost(self, row: OutboxColumns) -> bool:
        confirmed = latest_block(self._connection).number - self._policy.confirmations + 1
        taken = transactions.mined_nonce(self._connection, self._account.address, confirmed) > _known(row.nonce)
        return taken and self._receipt(row) is None

    def _fill_gap(self, session: Session, row: OutboxColumns, fees: Fees) -> bool:
        """Use up a nonce before the row's own that nobody's transaction has, since nothing is mined past it."""
        missing = transactions.next_nonce(self._connection, self._account.address)
        if missing >= _known(row.nonce):
            return False
        transactions.use_up_nonce(self._connection, self._account, missing, fees)
        # It was not its fee that kept it.
        row.signed_at, row.sent_at = self._clock(), None
        self._note(session, row, f"nonce {missing} was missing before its own; an empty transaction has taken it")
        return True

    def _send_if_lost(self, session: Session, row: OutboxColumns) -> None:
        # Asked first, since Ganache mines bytes twice that it is given again while it mines them.
        if not transactions.is_known(self._connection, row.tx_hash or ""):
            doomed = self._decided.is_settling(session) and self._would_revert(session, row)
            if not doomed and self._is_there(session, row):
                self._send(session, row)
        elif row.state is OutboxState.SIGNED:
            row.state, row.sent_at = OutboxState.BROADCAST, self._clock()
            session.commit()

    def _would_revert(self, session: Session, row: OutboxColumns) -> bool:
        try:
            transactions.estimate_gas(self._connection, self._account.address, _call_of(row), self._policy.max_gas)
        except TransactionFailed as error:
            self._note(session, row, f"{error.message}; but the chain was reorganised just now")
            return True
        return False

    def _replace(self, session: Session, row: OutboxColumns, suggested: Fees) -> bool:
        former = Fees(_known(row.max_fee_wei), row.priority_fee_wei)
        fees = former.replacement(suggested, self._policy.max_fee_wei)
        if fees is None:
            return self._note(session, row, f"not mined yet, and a higher fee is over {self._policy.max_fee_wei} wei")
        if not self._is_there(session, row):
            return False
        self._sign_and_store(session, row, fees)
        self._send(session, row)
        return True

    def _requeue(self, session: Session, row: OutboxColumns, note: str) -> None:
        row.state = OutboxState.QUEUED
        row.nonce, row.signed, row.tx_hash, row.tx_hashes = None, None, None, []
        self._note(session, row, note)

    def _note(self, session: Session, row: OutboxColumns, note: str) -> bool:
        row.note = note
        session.commit()
        return False

    def _decide(self, session: Session, row: OutboxColumns, block: BlockId) -> None:
        if not self._decided.decide(session, row, block):
            # What was taken back comes first, from the next pass on.
            raise ChainUnavailable("the chain was reorganised; what it undid comes first")

    def _fail(
        self,
        session: Session,
        row: OutboxColumns,
        block: BlockId,
        revert: Revert,
        note: str,
        *,
        receipt: TxReceipt | None = None,
    ) -> bool:
        """Store that the call failed as of `block`; return True, since the row is finished."""
        self._decide(session, row, block)
        row.state, row.reason, row.arguments, row.note = OutboxState.FAILED, revert.name, revert.arguments, note
        if receipt is not None:
            _note_receipt(row, receipt)
        session.commit()
        return True


def _note_receipt(row: OutboxColumns, receipt: TxReceipt) -> None:
    row.tx_hash = "0x" + bytes(receipt["transactionHash"]).hex()
    row.gas_used = receipt["gasUsed"]


def _group_of(key: str) -> str:
    """Return what a row that waits holds up: everything under the same two folders, such as all calls of `job/7`."""
    return "/".join(key.split("/")[:2])


def _call_of(row: OutboxColumns) -> ContractCall:
    return ContractCall(row.to_address, row.data, row.value_wei, row.description)


def _known(value: T | None) -> T:
    if value is None:
        raise AssertionError("a signed row has its chain, nonce, gas limit, fee and time of signature")
    return value

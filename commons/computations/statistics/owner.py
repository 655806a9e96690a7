"""An owner's part of statistics: it sums its rows once, packs and encrypts the sums, and signs for them.

In: a question without contents. Out: ciphertexts under the buyer's key. The owner learns nothing; what it sends goes to the
aggregator, which cannot decrypt, and an honest one hands it on to the buyer, who can, only in a product with at least two
others'. One that deviates could hand over a single owner's vector, which nothing prevents (docs/security.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from commons.ciphers.paillier import EncryptedVector, Randomizer
from commons.ciphers.wire import CiphertextVector
from commons.computations.job_facts import StartedJob
from commons.computations.parts import AskedBefore, OwnerPart, OwnerSecrets
from commons.computations.statistics.members import require_members, require_place
from commons.computations.statistics.messages import SumResult, SumTask, TaskKind
from commons.computations.statistics.plan import SumPlan
from commons.computations.statistics.spec import StatisticsSpec
from commons.computations.statistics.statements import digest_to_sign
from commons.computations.statistics.summing import sum_table
from commons.errors import DatasetInvalid, ProtocolViolation
from commons.tables.table import Table


class StatisticsOwner(OwnerPart):
    """One owner in one job.

    Args:
        job: public facts.
        secrets: the account, for its signature.
        table: the owner's rows, which are read here.
        randomizer: under the buyer's key.

    Raises:
        DatasetInvalid: the rows cannot be used, or are not as many as were declared.
        ProtocolViolation: this owner does not take part.
    """

    def __init__(
        self, job: StartedJob[StatisticsSpec], secrets: OwnerSecrets, table: Table, randomizer: Randomizer
    ) -> None:
        self._job, self._secrets, self._randomizer = job, secrets, randomizer
        self._plan = SumPlan.of(job)
        self._answered = False
        declared = job.declaration_of(secrets.address).row_count
        self._sums = sum_table(job.spec, table)
        if self._sums.rows != declared:
            raise DatasetInvalid(
                f"the data set has {self._sums.rows} rows, but job {job.job_id} was accepted with {declared}; "
                "restore the file as it was",
                rows=self._sums.rows,
            )

    def require_next(self, task: Any, latest: Mapping[str, AskedBefore]) -> None:
        """Sums are sent once; members must be enough, and all of them have agreed."""
        require_place(self._job, task)
        if TaskKind.SUM in latest:
            raise ProtocolViolation("the sums of this job were sent already; each owner sends its own once")
        require_members(self._job)

    def answer(self, task: Any, earlier: Callable[[str], Any]) -> SumResult:
        """The packed sums, encrypted and signed."""
        if not isinstance(task, SumTask):
            raise ProtocolViolation("an owner is asked for its sums only", field="kind")
        require_place(self._job, task)
        require_members(self._job)
        packed = self._plan.layout.pack(self._sums.vector())
        encrypted = EncryptedVector.encrypt(self._randomizer, packed, fractional_bits=0, bound=self._plan.bound)
        self._answered = True
        digest = digest_to_sign(self._job, self._secrets.address, encrypted.digest())
        return SumResult(sums=CiphertextVector.of(encrypted), signature="0x" + self._secrets.sign(digest).hex())

    def prepare(self, count: int) -> bool:
        """Make a random factor ahead for the one answer that there is."""
        if self._answered:
            return False
        return self._randomizer.prepare(min(count, self._plan.ciphertext_count))

from __future__ import annotations

import pytest

from commons.errors import Conflict
from model_buyer.domain.stages import ENDED, Stage, no_result, require_cancellable


def test_a_job_can_be_cancelled_until_it_starts() -> None:
    for stage in (Stage.DRAFT, Stage.ESCROWING, Stage.ESCROWED, Stage.OFFERED):
        require_cancellable("a", stage, started=False, finish_by=9)
    with pytest.raises(Conflict, match="has started and cannot be cancelled") as raised:
        require_cancellable("a", Stage.OFFERED, started=True, finish_by=9)
    assert raised.value.fields == {"stage": Stage.OFFERED, "finish_by": 9}


@pytest.mark.parametrize("stage", [*sorted(ENDED), Stage.UNMASKING])
def test_what_has_ended_cannot_be_cancelled(stage: Stage) -> None:
    with pytest.raises(Conflict, match=str(stage)):
        require_cancellable("a", stage, started=False, finish_by=9)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.FINISHED])
def test_without_a_result_the_reason_is_told(stage: Stage) -> None:
    assert no_result("a", stage, "", "").message.startswith("job a has no result: ")
    told = no_result("a", stage, "waits for a block", "")
    assert told.message == f"{no_result('a', stage).message} (waits for a block)"
    assert told.fields == {"stage": stage}

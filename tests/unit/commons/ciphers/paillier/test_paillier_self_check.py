import pytest

from commons.ciphers.paillier.self_check import computed_right
from commons.errors import ComputationFault


def test_a_right_result_is_computed_once():
    computed = []
    assert computed_right(lambda: computed.append(1) or len(computed), lambda result: result == 1) == 1
    assert computed == [1]


def test_a_wrong_result_is_dropped_and_computed_once_more():
    computed = []
    assert computed_right(lambda: computed.append(1) or len(computed), lambda result: result == 2) == 2
    assert computed == [1, 1]


def test_a_second_wrong_result_is_not_returned_either():
    computed = []
    with pytest.raises(ComputationFault, match="twice in a row; nothing of it was sent"):
        computed_right(lambda: computed.append(1) or len(computed), lambda _: False)
    assert computed == [1, 1]

import pytest

from commons.errors import InvalidCiphertext
from commons.web.threads import ThreadedMap


def test_results_come_in_the_order_of_the_items():
    assert list(ThreadedMap()(lambda a, b: a * 10 + b, range(50), range(50))) == [11 * n for n in range(50)]


def test_an_error_reaches_the_caller():
    def refuse(_item):
        raise InvalidCiphertext("no")

    with pytest.raises(InvalidCiphertext, match="no"):
        list(ThreadedMap()(refuse, [1]))

"""The example in the package's documentation is right."""

import doctest

from commons.computations import statistics


def test_the_example_in_the_documentation_is_right():
    found = doctest.testmod(statistics)
    assert found.attempted > 0
    assert found.failed == 0

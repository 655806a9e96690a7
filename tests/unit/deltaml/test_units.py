import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltaml.units import format_wei, parse_seconds, parse_wei


@pytest.mark.parametrize(
    ("text", "wei"),
    [("1000", 1000), ("20gwei", 20 * 10**9), ("0.5 ether", 5 * 10**17), ("1ETH", 10**18), ("1.5 gwei", 15 * 10**8)],
)
def test_amounts_are_read_exactly(text: str, wei: int) -> None:
    assert parse_wei(text) == wei


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "1 bitcoin", "0.1234567890123456789 ether", "½"])
def test_what_is_no_whole_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|whole number"):
        parse_wei(text)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("30m", 1800), ("12 h", 43_200), ("2d", 172_800), ("5S", 5)])
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "-5", "1.5h", "2w", "soon"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_seconds(text)


@given(st.integers(min_value=0, max_value=2**128))
def test_no_wei_is_lost_in_showing(wei: int) -> None:
    shown = format_wei(wei)
    assert parse_wei(shown.replace("ETH", "ether")) == wei


def test_amounts_are_shown_in_the_unit_that_fits() -> None:
    assert [format_wei(one) for one in (0, "999", 10**12, 15 * 10**17, None)] == [
        "0",
        "999 wei",
        "0.000001 ETH",
        "1.5 ETH",
        "–",
    ]

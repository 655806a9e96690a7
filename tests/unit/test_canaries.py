"""The search for what must not be written anywhere finds what is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.canaries import _FEW, found_in

WORDS = st.binary(min_size=1, max_size=12)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(WORDS, max_size=6)), st.lists(WORDS, max_size=6), st.data())
def test_traces_are_found_wherever_they_begin(
    written: dict[str, list[bytes]], others: list[bytes], data: st.DataObject
) -> None:
    haystacks = {name: b"".join(words) for name, words in written.items()}
    places = [hay for hay in haystacks.values() if hay]
    there = [hay[data.draw(st.integers(0, len(hay) - 1)) :] for hay in places]
    wanted = [*others, *there] * data.draw(st.sampled_from([1, _FEW]))
    expected = [f"{trace!r} in {name}" for trace in wanted for name, hay in haystacks.items() if trace in hay]
    assert found_in(haystacks, wanted) == expected

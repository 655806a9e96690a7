import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commons.errors import InvalidInput
from commons.market.roles import Role, draw_roles, trainer_count


def addresses(count, seed=0):
    rng = np.random.default_rng(seed)
    return ["0x" + rng.bytes(20).hex() for _ in range(count)]


def independent_draw(allowed, seed):
    """The same rule written another way: fill the trainers' places by a stable sort over what each owner agreed to."""
    ordered = [address for _, address in sorted((address.lower(), address) for address in allowed)]
    drawn = [ordered[i] for i in np.random.default_rng(seed).permutation(len(ordered))]
    fixed = {address for address in drawn if allowed[address] == 1}
    free = [address for address in drawn if allowed[address] == 3]
    filled = set(free[: max(0, max(1, int(len(drawn) * 7 / 10 + 1e-9)) - len(fixed))])
    trainers = tuple(address for address in drawn if address in fixed | filled)
    return trainers, tuple(address for address in drawn if address not in trainers)


def test_seventy_percent_train_and_somebody_always_validates():
    assert [trainer_count(k) for k in range(2, 11)] == [1, 2, 2, 3, 4, 4, 5, 6, 7]
    assert all(1 <= trainer_count(k) < k for k in range(2, 141))


@given(
    wishes=st.lists(st.sampled_from(list(Role)), min_size=2, max_size=12),
    seed=st.integers(0, 2**63 - 1),
    shuffle=st.randoms(),
)
def test_the_draw_can_be_repeated_by_anybody_from_public_values(wishes, seed, shuffle):
    allowed = dict(zip(addresses(len(wishes), seed % 1000), wishes, strict=True))
    trainers, validators = independent_draw(allowed, seed)
    items = list(allowed.items())
    shuffle.shuffle(items)
    if not trainers or not validators:
        with pytest.raises(InvalidInput):
            draw_roles(dict(items), seed)
        return
    roles = draw_roles(dict(items), seed)
    assert (roles.trainers, roles.validators) == (trainers, validators)
    assert sorted([*trainers, *validators]) == sorted(allowed)
    assert all(allowed[address] & Role.TRAINER for address in roles.trainers)
    assert all(allowed[address] & Role.VALIDATOR for address in roles.validators)


def test_neither_order_of_acceptance_nor_case_of_addresses_enters():
    lower = addresses(4)
    draws = {draw_roles(dict.fromkeys(order, Role.EITHER), 9) for order in itertools.permutations(lower)}
    assert len(draws) == 1
    upper = {"0x" + address[2:].upper(): Role.EITHER for address in lower}
    (roles,) = draws
    assert [one.lower() for one in draw_roles(upper, 9).trainers] == list(roles.trainers)


def test_the_seed_decides():
    allowed = dict.fromkeys(addresses(5), Role.EITHER)
    draws = {draw_roles(allowed, seed) for seed in range(200)}
    # 5!/(…) orders of three trainers and two validators each: all 120 permutations are possible.
    assert len(draws) > 60


def test_owners_of_one_role_get_that_one_even_beyond_seventy_percent():
    names = addresses(4)
    only_training = {**dict.fromkeys(names, Role.TRAINER), names[1]: Role.VALIDATOR}
    assert draw_roles(only_training, 1).validators == (names[1],)
    only_validating = {**dict.fromkeys(names, Role.VALIDATOR), names[2]: Role.EITHER}
    assert draw_roles(only_validating, 1).trainers == (names[2],)


@pytest.mark.parametrize("role", [Role.TRAINER, Role.VALIDATOR])
def test_a_job_with_one_role_only_cannot_be_drawn(role):
    with pytest.raises(InvalidInput, match="at least one owner that may train and another that may validate"):
        draw_roles(dict.fromkeys(addresses(3), role), 1)


def test_nobody_and_one_owner_are_not_enough():
    for count in (0, 1):
        with pytest.raises(InvalidInput):
            draw_roles(dict.fromkeys(addresses(count), Role.EITHER), 1)

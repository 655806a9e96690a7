"""What the market asks of this kind before a job starts."""

import pytest

from commons.computations.job_facts import Party, Pay
from commons.computations.statistics import STATISTICS
from commons.errors import DatasetInvalid, HeadroomExceeded, InvalidInput, ProtocolViolation
from commons.market.declaration import Declaration
from commons.market.requirements import ColumnKind
from tests.doubles.in_memory_table import in_memory_table
from tests.unit.commons.computations.statistics.conftest import part_of, spec_of, terms_of

PLAIN, CORRELATED = spec_of(), spec_of(correlation=True)


def declare(spec, consents=(), *, terms=None, key_bits=1024):
    return STATISTICS.declare(terms or terms_of(3), spec, key_bits, in_memory_table(part_of(1, 30)), consents)


def declaration(**facts):
    return Declaration(row_count=30, roles=3, facts=facts)


def test_roles_and_pay():
    assert [STATISTICS.roles.n_trainers(n) for n in (3, 10)] == [2, 9]
    assert (STATISTICS.roles.may_choose, STATISTICS.roles.exact) == (False, True)
    assert STATISTICS.pay is Pay.PER_ANSWER
    assert STATISTICS.rounds(PLAIN) == 1


def test_all_kinds_of_tasks_begin_with_the_name_of_the_kind():
    kinds = [one.model_fields["kind"].default for one in (*STATISTICS.tasks, *STATISTICS.results)]
    assert all(kind.startswith("statistics/") for kind in kinds)
    assert kinds[:2] == kinds[2:]


def test_requirements_are_the_columns_whose_cells_may_be_missing():
    needed = STATISTICS.requirements(CORRELATED)
    age, _, sex = needed.columns
    assert (age.kind, age.minimum, age.maximum, age.unit) == (ColumnKind.NUMBER, 0, 120, "a")
    assert (sex.kind, sex.levels, sex.role) == (ColumnKind.CATEGORY, ("f", "m"), "column")
    assert all(column.may_be_missing for column in needed.columns)
    assert needed.answered_once
    assert (needed.consents, STATISTICS.requirements(PLAIN).consents) == (("correlation",), ())


def test_what_is_learnt_has_distinct_codes_and_tells_of_correlations_where_they_are_asked_for():
    plain, correlated = ([learnt.code for learnt in STATISTICS.learns(spec)] for spec in (PLAIN, CORRELATED))
    assert len(set(correlated)) == len(correlated)
    assert set(correlated) - set(plain) == {"pooled_correlations"}
    assert {learnt.party for learnt in STATISTICS.learns(PLAIN)} == set(Party)


def test_an_owner_declares_its_rows_and_what_it_agreed_to():
    assert declare(PLAIN) == (30, {"consents": []})
    assert declare(PLAIN, ["correlation"]) == (30, {"consents": []})
    assert declare(CORRELATED, ["correlation", "else"]) == (30, {"consents": ["correlation"]})


def test_without_the_consent_nothing_is_declared():
    with pytest.raises(InvalidInput, match="asks for correlation") as caught:
        declare(CORRELATED)
    assert caught.value.fields["field"] == "consents"


def test_too_few_rows_and_a_small_key_are_refused():
    with pytest.raises(DatasetInvalid, match="expected at least 31"):
        declare(PLAIN, terms=terms_of(3, min_rows=31))
    with pytest.raises(HeadroomExceeded, match="larger key"):
        declare(PLAIN, key_bits=200)


def test_headroom_is_looked_at_before_anybody_has_declared():
    STATISTICS.require_headroom(terms_of(3), CORRELATED, 2048)
    with pytest.raises(HeadroomExceeded, match="larger key"):
        STATISTICS.require_headroom(terms_of(3), CORRELATED, 200)


def test_declarations_must_state_the_consents():
    STATISTICS.require_headroom(terms_of(3), CORRELATED, 1024, [declaration(consents=["correlation"])])
    STATISTICS.require_headroom(terms_of(3), PLAIN, 1024, [declaration(consents=[])])
    for facts in ({}, {"consents": "correlation"}, {"consents": [], "growth": 1}):
        with pytest.raises(ProtocolViolation, match="does not say what it agreed to"):
            STATISTICS.require_headroom(terms_of(3), PLAIN, 1024, [declaration(**facts)])
    with pytest.raises(ProtocolViolation, match="did not agree to correlation"):
        STATISTICS.require_headroom(terms_of(3), CORRELATED, 1024, [declaration(consents=[])])


def test_terms_are_checked():
    STATISTICS.require_terms(terms_of(5), PLAIN)
    with pytest.raises(InvalidInput, match="at least 3 owners"):
        STATISTICS.require_terms(terms_of(2), PLAIN)

"""Reading the API server's words about a full quota."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.quota import amounts_of, excesses, quantity

WORDS = (
    'pods "web-1" is forbidden: exceeded quota: team, '
    "requested: limits.cpu=2,pods=1, used: limits.cpu=3,pods=4, limited: limits.cpu=4,pods=4"
)


def test_each_resource_is_read_with_what_is_asked_used_and_allowed():
    found = excesses(WORDS)

    assert amounts_of(found) == "`limits.cpu`: 2 asked for, 3 of 4 used; `pods`: 1 asked for, 4 of 4 used"
    assert not any(each.is_hopeless for each in found)


def test_more_than_the_whole_quota_is_hopeless():
    [memory] = excesses("exceeded quota: q, requested: memory=5Gi, used: memory=0, limited: memory=4096Mi")

    assert memory.is_hopeless


def test_a_long_list_is_cut():
    lists = ", ".join(f"{what}: a=1,b=1,c=1,d=1" for what in ("requested", "used", "limited"))

    assert amounts_of(excesses(f"exceeded quota: q, {lists}")).endswith("`c`: 1 asked for, 1 of 1 used; …")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("1k", "1000"),
        ("1e3", "1000"),
        ("-1", "-1"),
    ],
)
def test_amounts_are_numbers(text, number):
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "many", "1KiB", "1 Gi", "e3"])
def test_what_is_no_amount_is_none(text):
    assert quantity(text) is None


@given(st.text(max_size=300) | st.text(alphabet="exceeded quota: requested, used=limited1Gi", max_size=300))
def test_any_words_are_read_without_an_error(text):
    assert all(each.resource for each in excesses(text))
    assert excesses("prefix " + WORDS + text)[0].resource == "limits.cpu"


@given(st.text(max_size=60))
def test_any_amount_is_read_without_an_error(text):
    assert quantity(text) is None or quantity(text).is_finite()

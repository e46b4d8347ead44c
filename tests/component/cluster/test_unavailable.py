"""How many old pods may go, as the controllers count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cluster import unavailable
from bot.cluster.workload_objects import RollingUpdate, Strategy

amounts = st.one_of(st.integers(0, 50), st.integers(0, 100).map("{}%".format))


def rolling(max_unavailable=None, max_surge=None):
    return Strategy(rolling_update=RollingUpdate(max_unavailable=max_unavailable, max_surge=max_surge))


@pytest.mark.parametrize(
    ("strategy", "replicas", "count"),
    [
        (Strategy(), 10, 2),
        (Strategy(), 3, 0),
        (rolling("25%", "25%"), 4, 1),
        (rolling("50%", 0), 3, 1),
        (rolling(0, 1), 3, 0),
        (rolling("25%", 0), 3, 1),
        (rolling("1%", "0%"), 10, 1),
        (rolling(5, 1), 3, 3),
        (rolling(1, 1), 0, 0),
        (rolling("", "x"), 3, 1),
        (Strategy(type="Recreate"), 3, 3),
    ],
)
def test_a_deployments_share_is_rounded_down_and_its_surge_up(strategy, replicas, count):
    assert unavailable.of_deployment(strategy, replicas) == count


@pytest.mark.parametrize(
    ("strategy", "nodes", "count"),
    [
        (Strategy(), 9, 1),
        (rolling(3, 0), 9, 3),
        (rolling("10%", 0), 11, 2),
        (rolling(0, 1), 9, 0),
        (rolling(0, 0), 9, 1),
    ],
)
def test_a_daemon_sets_share_is_rounded_up(strategy, nodes, count):
    assert unavailable.of_daemon_set(strategy, nodes) == count


@pytest.mark.parametrize(
    ("strategy", "replicas", "count"),
    [(Strategy(), 5, 1), (rolling(3), 5, 3), (rolling("50%"), 5, 2), (rolling("10%"), 5, 1)],
)
def test_a_stateful_set_changes_one_at_a_time_unless_told(strategy, replicas, count):
    assert unavailable.of_stateful_set(strategy, replicas) == count


@given(away=amounts, surge=amounts, replicas=st.integers(1, 500))
def test_a_deployment_can_always_move(away, surge, replicas):
    count = unavailable.of_deployment(rolling(away, surge), replicas)

    assert 0 <= count <= replicas
    assert count > 0 or surge not in (0, "0%")

"""What a rollback goes back to: always a release on record, never back and forth."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.intent import Intent, Kind, State
from bot.domain.releases import before, current, held, present, ran_before, releases, undone
from tests.factories import NOW, intent


class History:
    """Written oldest first, read newest first."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []

    @property
    def newest_first(self) -> list[Intent]:
        return self.intents[::-1]

    def deploy(self, version: str, state: State = State.SUCCEEDED) -> Intent:
        return self._add(version, state, kind=Kind.MANUAL)

    def roll_back(self, *, to: Intent | None = None, state: State = State.SUCCEEDED) -> Intent | None:
        """As `/rollback` does it; None where there is nothing to go back to."""
        history = self.newest_first
        release, taken = to or before(history), present(history)
        if release is None or taken is None:
            return None
        restores = release.restores or release.id
        return self._add(release.digest, state, kind=Kind.ROLLBACK, undoes=taken.id, restores=restores)

    def _add(self, version: str, state: State, **changes: object) -> Intent:
        number = len(self.intents) + 1
        at = NOW + timedelta(minutes=number)
        new = intent(id=number, digest=version, state=state, patch_sent_at=at, pull_request=number, **changes)
        self.intents.append(new)
        return new


def made_of(versions: str) -> History:
    """Each letter held, one after the other."""
    history = History()
    for version in versions:
        history.deploy(version)
    return history


def back(history: History) -> str:
    release = before(history.newest_first)
    return release.digest if release else ""


def test_nothing_to_go_back_to() -> None:
    assert back(History()) == ""
    assert back(made_of("a")) == ""


def test_the_release_before_the_present_one() -> None:
    assert back(made_of("abc")) == "b"


def test_the_same_version_twice_is_one_release() -> None:
    assert back(made_of("abb")) == "a"


def test_two_rollbacks_in_a_row_go_back_two_releases() -> None:
    history = made_of("abc")

    gone = [each.digest for each in iter(history.roll_back, None)]

    assert gone == ["b", "a"]


def test_what_was_taken_back_is_passed_over_also_after_a_new_deploy() -> None:
    history = made_of("abc")
    history.roll_back()
    history.deploy("d")

    assert back(history) == "b"


def test_what_a_rollback_passed_over_is_taken_back_too() -> None:
    history = made_of("abc")
    history.roll_back(to=history.intents[0])
    history.deploy("d")

    assert back(history) == "a"


def test_what_a_rollback_led_back_to_counts_again() -> None:
    history = made_of("abc")
    history.roll_back()
    history.roll_back(to=history.intents[2])
    history.deploy("d")

    assert back(history) == "c"


def test_what_was_taken_back_and_deployed_again_counts_again() -> None:
    history = made_of("ab")
    history.roll_back()
    history.deploy("b")
    history.deploy("c")

    assert back(history) == "b"


def test_from_a_version_that_failed_it_goes_to_the_last_that_held() -> None:
    history = made_of("ab")
    history.deploy("c", State.FAILED)

    assert back(history) == "b"


def test_from_an_older_version_that_failed_the_second_time_too() -> None:
    history = made_of("ab")
    history.deploy("a", State.FAILED)

    assert back(history) == "b"


def test_from_a_release_that_failed_when_it_was_deployed_again_it_goes_to_the_one_before_it() -> None:
    history = made_of("ab")
    history.deploy("b", State.FAILED)

    assert back(history) == "a"


def test_from_what_was_gone_back_to_and_failed_when_deployed_again_it_does_not_swing_back() -> None:
    history = made_of("ab")
    history.roll_back()
    history.deploy("a", State.FAILED)

    assert back(history) == ""


def test_from_a_rollback_that_failed_it_goes_further() -> None:
    history = made_of("abc")
    history.roll_back(state=State.FAILED)

    assert back(history) == "a"


def test_during_a_rollout_it_goes_to_what_ran_before() -> None:
    history = made_of("ab")
    running = history.deploy("c", State.ROLLING_OUT)

    found = before(history.newest_first, running=running)

    assert found is not None
    assert found.digest == "b"
    assert ran_before(history.newest_first, running) == found


def test_a_rollout_that_is_not_on_record_yet_is_the_present_one() -> None:
    history = made_of("ab")
    running = intent(id=9, digest="c", state=State.ROLLING_OUT, kind=Kind.MANUAL)

    found = before(history.newest_first, running=running)

    assert found is not None
    assert found.digest == "b"


def test_the_same_version_ran_before_means_nothing_to_go_back_to() -> None:
    history = made_of("ab")
    running = history.deploy("b", State.ROLLING_OUT)

    assert ran_before(history.newest_first, running) is None


def test_a_version_held_until_it_was_taken_back() -> None:
    history = made_of("abc")

    assert all(held(history.newest_first, version) for version in "abc")
    history.roll_back()
    assert [held(history.newest_first, version) for version in "abcd"] == [True, True, False, False]
    history.roll_back(to=history.intents[2])
    assert held(history.newest_first, "c")


def test_undone_are_those_that_ran_until_now_and_not_those_of_an_earlier_rollback() -> None:
    history = made_of("abcd")
    first = history.roll_back(to=history.intents[1])
    assert first is not None
    told = undone(history.newest_first, first)
    second = history.roll_back()
    assert second is not None

    assert [each.digest for each in told] == ["d", "c"]
    assert [each.digest for each in undone(history.newest_first, second)] == ["b"]


def test_undone_begins_with_the_version_that_failed() -> None:
    history = made_of("ab")
    history.deploy("c", State.FAILED)
    rollback = history.roll_back()
    assert rollback is not None

    assert [each.digest for each in undone(history.newest_first, rollback)] == ["c"]


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from([State.SUCCEEDED, State.SUCCEEDED, State.FAILED])),
        st.just(("", State.SUCCEEDED)),
        st.just(("", State.FAILED)),
    ),
    max_size=12,
)


def play(moves: list[tuple[str, State]]) -> History:
    history = History()
    for version, state in moves:
        if version:
            history.deploy(version, state)
        else:
            history.roll_back(state=state)
    return history


@given(steps)
def test_it_goes_back_to_a_release_other_than_the_present(moves: list[tuple[str, State]]) -> None:
    history = play(moves)

    release, taken = before(history.newest_first), present(history.newest_first)

    if release is not None:
        assert release in releases(history.newest_first)
        assert taken is not None
        assert release.digest != taken.digest


@given(steps)
def test_rollbacks_alone_come_to_an_end_and_restore_nothing_twice(moves: list[tuple[str, State]]) -> None:
    history = play(moves)

    gone = [each.digest for each in iter(history.roll_back, None)]

    assert len(gone) == len(set(gone))
    last = current(history.newest_first)
    assert not gone or (last is not None and last.digest == gone[-1])

"""`docs/reasons.md` has every reason code of the source, and only those."""

import re
from pathlib import Path

import pytest

from tests.unit.reason_codes import Codes, UnclearError

ROOT = Path(__file__).parents[2]
FORM = re.compile(r"[a-z]+(_[a-z]+)*")


def _documented() -> dict[str, list[str]]:
    """Code → the meanings its rows give."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "docs/reasons.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            code, meaning, _ = (cell.strip() for cell in line.strip("|").split("|"))
            found.setdefault(code.strip("`"), []).append(meaning)
    return found


def _codes_of(tmp_path: Path, text: str) -> set[str]:
    """What the collector finds in a package with one module of that text."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/one.py").write_text(text)
    return set(Codes.read(tmp_path, "bot").places)


def test_every_reason_code_is_documented_and_nothing_else():
    # Given
    places = Codes.read(ROOT, "bot").places

    # When
    documented = _documented()

    # Then
    missing = {code: sorted(where) for code, where in places.items() if code not in documented}
    assert not missing
    assert not set(documented) - set(places)


def test_every_row_says_what_it_means():
    assert all(meaning for meanings in _documented().values() for meaning in meanings)


def test_codes_are_stable_words_that_fit_their_column():
    for code in Codes.read(ROOT, "bot").places:
        assert FORM.fullmatch(code), code
        assert len(code) <= 64


@pytest.mark.parametrize(
    "text",
    [
        'from bot.errors import RejectedError\nraise RejectedError("new_code", "no")',
        'from bot.errors import RejectedError as No\nCODE = "new_code"\nraise No(CODE, "no")',
        'from bot.errors import NotYetError\nraise NotYetError(sentence="wait", reason="new_code")',
        'from bot.engine.outcome import Move\ndef f(x):\n    return Move(reason="new_code" if x else "", state=1)',
        'from bot.engine.outcome import Stay\ndef f(code):\n    return Stay(reason=code)\nf("new_code")',
        'from bot.domain.verdict import Judgement\ndef f(x):\n    r = x.reason if x else "new_code"\n    Judgement(reason=r)',
        'from bot.domain.diagnosis import Finding\nT = {"A": "new_code"}\ndef f(x):\n    Finding(reason=T.get(x, ""))',
        'from bot.engine.outcome import Move\ndef no(reason):\n    Move(reason=reason)\ndef f(x):\n    no(*("new_code", x))',
        (
            "from bot.engine.outcome import Move\ndef f(x):\n    what = 'new' if x else 'new'\n"
            "    Move(reason=f'{what}_code')"
        ),
        (
            "from bot.engine.outcome import Move\nasync def find(x):\n    if x:\n        return None\n"
            "    return 'new_code', 'why'\n"
            "async def f(x):\n    found = await find(x)\n    code, why = found\n    Move(reason=code, detail=why)"
        ),
        "from bot.storage import intents\ndef f():\n    state, code = 1, 'new_code'\n    intents.end_other(reason=code)",
        (
            "from bot.errors import RejectedError\nclass GoneError(RejectedError):\n"
            '    def __init__(self, sentence):\n        super().__init__("new_code", sentence)'
        ),
    ],
)
def test_the_collector_follows_a_code_to_where_it_is_spelled(tmp_path: Path, text: str):
    # Given an error class whose home is there to be found
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/errors.py").write_text("class NotYetError(RejectedError): ...\nclass RejectedError: ...")
    (tmp_path / "bot/one.py").write_text(text)

    # When
    codes = Codes.read(tmp_path, "bot").places

    # Then
    assert set(codes) == {"new_code"}


def test_the_collector_says_when_it_can_not_follow(tmp_path: Path):
    with pytest.raises(UnclearError, match=r"bot\.one:2: which reason code is `f'no_\{x\}'`"):
        _codes_of(tmp_path, "from bot.engine.outcome import Move\nMove(reason=f'no_{x}')")


def test_other_reasons_are_none_of_its_business(tmp_path: Path):
    text = 'from bot.engine.messages import Dropped\nDropped(reason="the rollout has ended")'

    assert _codes_of(tmp_path, text) == set()

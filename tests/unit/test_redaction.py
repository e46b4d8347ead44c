"""Secrets are masked by form, name and randomness; what people need of a crash log stays, and the time is linear."""

import base64
import random
import string
import time

import pytest

from bot.telemetry import redact_outside, redact_text
from tests.unit.redaction_samples import ORDINARY, SECRETS

SIZE = 256 * 1024


@pytest.mark.parametrize(("text", "parts"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_masked(text: str, parts: tuple[str, ...]) -> None:
    shown = redact_outside(text)

    assert "[redacted]" in shown
    assert [part for part in parts if part in shown] == []


@pytest.mark.parametrize("text", [text for name, (text, _) in SECRETS.items() if "no name" not in name])
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = redact_outside(text)

    assert redact_outside(once) == once


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_stays(line: str) -> None:
    assert redact_outside(line) == line


def test_an_ordinary_log_stays_as_a_whole_too() -> None:
    log = "\n".join(ORDINARY)

    assert len(ORDINARY) >= 60
    assert redact_outside(log) == log


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgres://shop:hunter2@db:5432/shop", "postgres://[redacted]@db:5432/shop"),
        ("Server=db;Pwd=hunter2;Encrypt=yes", "Server=db;Pwd=[redacted];Encrypt=yes"),
        ("user=shop password=hunter2 sslmode=disable", "user=shop password=[redacted] sslmode=disable"),
        ("db:\n  password: hunter2\n  host: db", "db:\n  password: [redacted]\n  host: db"),
        ("password:\nhost: db", "password:\nhost: db"),
        ('{"password":"hun,ter2","port":1}', '{"password":[redacted],"port":1}'),
        ("(password=hunter2, pool=5)", "(password=[redacted], pool=5)"),
        ('{"password": "", "token": null}', '{"password": "", "token": null}'),
        (
            '{"name":"DB_PASSWORD","value":"hunter2"},{"name":"A","value":"b"}',
            '{"name":"DB_PASSWORD","value":[redacted]},{"name":"A","value":"b"}',
        ),
        (
            "- name: DB_PASSWORD\n  value: hunter2\n- name: A\n  value: b",
            "- name: DB_PASSWORD\n  value: [redacted]\n- name: A\n  value: b",
        ),
        ("(('password', 'hunter2'), ('host', 'db'))", "(('password', [redacted]), ('host', 'db'))"),
        ("passwords: [a1, b2], host: db", "passwords: [redacted], host: db"),
        ("PASSWORD=hunter2; exec app", "PASSWORD=[redacted]; exec app"),
        ("a?password=hunter2&b=c", "a?password=[redacted]&b=c"),
    ],
)
def test_what_is_around_a_secret_stays(text: str, kept: str) -> None:
    assert redact_outside(text) == kept


ALPHABETS = {
    "base64": lambda size, rng: base64.b64encode(rng.randbytes(size)).decode()[:size],
    "base64 for addresses": lambda size, rng: base64.urlsafe_b64encode(rng.randbytes(size)).decode()[:size],
    "letters and digits": lambda size, rng: "".join(rng.choices(string.ascii_letters + string.digits, k=size)),
    "lower case and digits": lambda size, rng: "".join(rng.choices(string.ascii_lowercase + string.digits, k=size)),
    "base32": lambda size, rng: "".join(rng.choices(string.ascii_uppercase + "234567", k=size)),
}


@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize(("size", "least"), [(20, 0.85), (24, 0.92), (32, 0.95), (43, 0.97), (64, 0.98)])
def test_random_keys_are_found_by_their_randomness_alone(alphabet: str, size: int, least: float) -> None:
    rng = random.Random(size)  # noqa: S311 - the same ones in each run

    keys = [ALPHABETS[alphabet](size, rng) for _ in range(500)]

    assert sum(key not in redact_outside(f"loaded {key} from file") for key in keys) / len(keys) >= least


@pytest.mark.parametrize("size", [28, 48, 64])
def test_hexadecimal_keys_are_found_where_no_digest_has_that_length_or_nobody_calls_it_one(size: int) -> None:
    key = random.Random(size).randbytes(size // 2).hex()  # noqa: S311 - the same one in each run

    assert redact_outside(f"loaded {key}") == "loaded [redacted]"
    assert redact_outside(f"pulled sha256:{'a1' * 32}") == f"pulled sha256:{'a1' * 32}"


def test_our_own_lines_keep_what_only_looks_random() -> None:
    key = "h7Kq2ZpX9mVb4TtR6yLwC8nJf3GsD5xA"

    assert redact_text(f"release {key}") == f"release {key}"
    assert redact_outside(f"release {key}") == "release [redacted]"


NASTY = [
    "a.", "eyJ-", "eyJaaaaa.", "a://", "a://b:", "://@", "-----BEGIN PRIVATE KEY", "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n", "A" * 16 + "\n", "bearer ", "basic  ", "token=", "token ", "password", "password:",
    'password="', "password='\\", 'password:\\"', "--", "--password ", "--a-password-", "<password>", "<a:", "pwd: ",
    "- ", "\n    ", "\n  - pass", "ghs_", "xox", "0123456789:", "mysql -p", "curl ", "cookie: ", "cookie:a", "dsn=a@",
    ":a@", ":" + "a" * 255, "\"'", " ", "\t", "\\", '\\"', "aB3" * 20 + " ", "aB3", "0f", "-", "_", "/", "a/", "=", "a=",
    "key", "api_key", "x" * 300 + "=", "authorization: ", "connection string", "sha256:", "sk-", "8Q~", "aa8Q~",
    "name:", '"name":"', "name:PASSWORD ", '"name":"PASSWORD","value":"', "- name: PASSWORD\n  value: ", '"value":"',
    'value:"a" ', 'value:"a",name:', '["password",', "('a-password', ", '"--password",', "- --password\n- ", "password=[",
    'password=["', "passwords: [a\n", '"password":\n', "password%3D", "%3D%22", "password is 1", "password -> ",
    "token 0f", "jdbc:oracle:thin:a/", "sqlplus a/b", "pwd:", "[password]", "password=;", "password=a&", ";", "&", "a;]",
    "name=name_name.", "x.pass", "\\n", "a_password-",
]  # fmt: skip


@pytest.mark.parametrize("part", NASTY)
def test_nasty_text_takes_linear_time(part: str) -> None:
    text = part * (SIZE // len(part))

    began = time.process_time()
    shown = redact_outside(text)

    assert time.process_time() - began < 3
    assert len(shown) <= 3 * len(text)

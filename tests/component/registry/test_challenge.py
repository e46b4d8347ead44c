"""What registries ask for, taken apart; and which token services may hear of a login."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.registry.challenge import Challenge, parse_challenges
from bot.registry.realms import is_loopback, may_hear_login


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic", [Challenge("basic")]),
        ('Basic realm="a b, c"', [Challenge("basic", {"realm": "a b, c"})]),
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ('bearer Realm = "x" , error=invalid_token', [Challenge("bearer", {"realm": "x", "error": "invalid_token"})]),
        (r'Bearer realm="a\"b\\c"', [Challenge("bearer", {"realm": 'a"b\\c'})]),
        (
            'Bearer realm="x", Basic realm="y"',
            [Challenge("bearer", {"realm": "x"}), Challenge("basic", {"realm": "y"})],
        ),
        ('Negotiate abc==, Basic realm="y"', [Challenge("negotiate"), Challenge("basic", {"realm": "y"})]),
        ('Bearer realm="first",realm="second"', [Challenge("bearer", {"realm": "first"})]),
        ('Bearer realm="unclosed', [Challenge("bearer")]),
        ("", []),
        (", ,", []),
        ('realm="x"', []),
    ],
)
def test_challenges_are_read_by_the_grammar(header, expected):
    assert parse_challenges([header]) == expected


def test_several_header_lines_are_several_challenges():
    assert [each.scheme for each in parse_challenges(['Bearer realm="x"', "Basic"])] == ["bearer", "basic"]


names = st.text(string.ascii_lowercase + "_-", min_size=1, max_size=8)
values = st.text(string.printable.replace("\n", "").replace("\r", ""), max_size=20)


@given(scheme=names, parameters=st.dictionaries(names, values, max_size=4))
def test_what_is_quoted_is_read_back(scheme, parameters):
    quoted = [
        f'{name}="{value}"'
        for name, value in ((n, v.replace("\\", "\\\\").replace('"', '\\"')) for n, v in parameters.items())
    ]

    assert parse_challenges([f"{scheme} {', '.join(quoted)}"]) == [Challenge(scheme, parameters)]


@given(st.lists(st.text(max_size=80), max_size=3))
def test_no_header_breaks_the_parser(headers):
    for challenge in parse_challenges(headers):
        assert challenge.scheme == challenge.scheme.lower() != ""


@pytest.mark.parametrize(
    ("registry", "realm", "allowed"),
    [
        ("ghcr.io", "ghcr.io", True),
        ("GHCR.io", "ghcr.IO", True),
        ("registry-1.docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("registry.acme.example", "auth.acme.example", True),
        ("registry.eu.acme.example", "auth.eu.acme.example", True),
        ("registry.eu.acme.example", "auth.acme.example", False),
        ("registry.acme.example", "acme.example.evil.test", False),
        ("registry.acme.example", "evilacme.example", False),
        ("registry.acme.example", "evil.test", False),
        ("ghcr.io", "evil.io", False),
        ("acme.azurecr.io", "acme.azurecr.io", True),
        ("acme.azurecr.io", "evil.azurecr.io", False),
        ("1.dkr.ecr.eu-west-1.amazonaws.com", "evil.s3.amazonaws.com", False),
        ("registry.co.uk", "evil.co.uk", False),
        ("registry.acme.co.uk", "auth.acme.co.uk", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "localhost", False),
        ("10.0.0.1", "9.0.0.1", False),
        ("::1", "::2", False),
        ("registry.acme.example", "", False),
    ],
)
def test_a_login_is_only_for_the_registrys_own_token_service(registry, realm, allowed):
    assert may_hear_login(registry=registry, realm=realm, extra={}) is allowed


def test_further_token_services_can_be_allowed_a_registry():
    extra = {"registry.acme.example": {"login.other.example"}}

    assert may_hear_login(registry="registry.acme.example", realm="login.other.example", extra=extra)
    assert not may_hear_login(registry="registry.bolt.example", realm="login.other.example", extra=extra)


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("localhost", True), ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True)]
    + [(host, False) for host in ("localhost.example", "128.0.0.1", "0.0.0.0", "10.0.0.1", "127.0.0.1.example", "")],
)
def test_loopback_is_only_this_machine(host, is_local):
    assert is_loopback(host) is is_local

"""The file of logins: Docker's format, rotation, and what is refused."""

import base64
import json
import os

import pytest

from bot.domain.image import ImageRepository
from bot.errors import SettingsError, TransientError
from bot.registry.credentials import Credentials, Login


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def login_of(path, repository: str) -> Login | None:
    return Credentials(path).login_for(ImageRepository.parse(repository))


@pytest.mark.parametrize(
    ("key", "repository"),
    [
        ("registry.example", "registry.example/app"),
        ("Registry.Example", "registry.example/app"),
        ("registry.example:5000", "registry.example:5000/app"),
        ("https://registry.example", "registry.example/app"),
        ("https://registry.example/v2/", "registry.example/app"),
        ("https://index.docker.io/v1/", "nginx"),
        ("docker.io", "acme/app"),
        ("index.docker.io", "docker.io/acme/app"),
        ("registry.example/payments", "registry.example/payments/checkout"),
    ],
)
def test_a_login_is_found_under_every_spelling_of_its_registry(credentials_file, key, repository):
    path = credentials_file({key: {"auth": b64("ci:pa:ss")}})

    assert login_of(path, repository) == Login("ci", "pa:ss")


def test_the_longest_key_that_matches_whole_parts_wins(credentials_file):
    path = credentials_file(
        {
            "registry.example": {"auth": b64("all:1")},
            "registry.example/payments": {"auth": b64("payments:2")},
        }
    )

    assert login_of(path, "registry.example/payments/checkout") == Login("payments", "2")
    assert login_of(path, "registry.example/payments-old/x") == Login("all", "1")
    assert login_of(path, "other.example/app") is None
    assert login_of(path, "registry.example:5000/app") is None


@pytest.mark.parametrize(
    ("entry", "login"),
    [
        ({"username": "ci", "password": "pw"}, Login("ci", "pw")),
        ({"auth": b64("ci:pw\0")}, Login("ci", "pw")),
        ({"auth": b64("ci:pw"), "email": "x@example.test"}, Login("ci", "pw")),
        ({"auth": b64("<token>:"), "identitytoken": "idt"}, Login("<token>", "", "idt")),
        ({"identitytoken": "idt"}, Login("", "", "idt")),
        ({}, None),
    ],
)
def test_every_form_of_an_entry_is_understood(credentials_file, entry, login):
    assert login_of(credentials_file({"registry.example": entry}), "registry.example/app") == login


def test_without_a_file_nobody_logs_in():
    assert Credentials().login_for(ImageRepository.parse("registry.example/app")) is None


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('{"auths": {}, "credsStore": "desktop-s3cret"}', "credential helpers"),
        ('{"auths": {}, "credHelpers": {"gcr.io": "gcloud"}}', "credential helpers"),
        ('{"auths": {"registry.example": {"auth": "s3cret"}}}', "base64 of name:password"),
        (json.dumps({"auths": {"registry.example": {"auth": b64("s3cret")}}}), "base64 of name:password"),
        ('{"auths": {"registry.example": {"username": "ci"}}}', "no complete login"),
        ('{"auths": {"registry.example": {"registrytoken": "s3cret"}}}', "registrytoken"),
        ('{"auths": {"*.example": {"auth": "s3cret"}}}', "wildcard"),
        ('{"auths": {"registry.example": "s3cret"}}', "not JSON of the form"),
        ('{"auths": s3cret', "not JSON of the form"),
        ("\udcff", "not JSON of the form"),
        ("[" * 100_000, "not JSON of the form"),
        (" " * (1024 * 1024 + 1), "1 MiB"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start_and_is_not_quoted(tmp_path, content, part):
    path = tmp_path / "config.json"
    path.write_text(content, errors="surrogateescape")

    with pytest.raises(SettingsError) as refused:
        Credentials(path)

    assert part in str(refused.value)
    assert str(path) in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_missing_file_stops_the_start(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        Credentials(tmp_path / "config.json")


def test_a_login_shows_no_secret_when_printed():
    assert "pw" not in repr(Login("ci", "pw", "idt"))
    assert "idt" not in repr(Login("ci", "pw", "idt"))


def test_a_rotated_file_is_read_again_even_within_one_tick(tmp_path):
    # Kubernetes mounts a secret as a link into a folder, and moves the link; the time stamps may well be equal.
    for number, password in enumerate(["old", "new"]):
        (tmp_path / str(number)).write_text(
            json.dumps({"auths": {"registry.example": {"auth": b64(f"ci:{password}")}}})
        )
        os.utime(tmp_path / str(number), (1_000_000, 1_000_000))
    link = tmp_path / "config.json"
    link.symlink_to(tmp_path / "0")
    credentials, name = Credentials(link), ImageRepository.parse("registry.example/app")
    before = credentials.login_for(name)

    link.unlink()
    link.symlink_to(tmp_path / "1")

    assert (before, credentials.login_for(name)) == (Login("ci", "old"), Login("ci", "new"))


@pytest.mark.parametrize("broken", ["", "{"])
def test_a_file_that_breaks_later_is_waited_for(credentials_file, broken):
    path = credentials_file({"registry.example": {"auth": b64("ci:pw")}})
    credentials, name = Credentials(path), ImageRepository.parse("registry.example/app")

    path.write_text(broken)
    with pytest.raises(TransientError, match="tried again"):
        credentials.login_for(name)
    credentials_file({"registry.example": {"auth": b64("ci:again")}})

    assert credentials.login_for(name) == Login("ci", "again")


def test_a_file_that_vanishes_later_is_waited_for(credentials_file):
    path = credentials_file({})
    credentials = Credentials(path)

    path.unlink()

    with pytest.raises(TransientError, match="tried again"):
        credentials.login_for(ImageRepository.parse("registry.example/app"))

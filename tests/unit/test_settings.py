"""Settings: what they become, what they refuse, and that a refusal never shows a secret."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from bot.errors import SettingsError
from bot.settings import SECRETS, Listen, Need, Settings, load_settings, variable

SECRET = "correct-horse-battery-staple"


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PEM = _pem(_RSA)


@pytest.fixture(autouse=True)
def _only_our_environment(monkeypatch: pytest.MonkeyPatch):
    for name in [variable(field) for field in Settings.model_fields] + ["KUBECONFIG"]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_GITHUB_APP_ID", "12345")
    monkeypatch.setenv("GREENLANE_GITHUB_PRIVATE_KEY", RSA_PEM)
    monkeypatch.setenv("GREENLANE_WEBHOOK_SECRET", SECRET)


def test_registries_may_be_named_with_their_ways(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_REGISTRY_PLAIN_HTTP", "registry.local:5000, other.local")
    monkeypatch.setenv("GREENLANE_REGISTRY_REALMS", "registry.example=auth.example,registry.example=sso.example")
    settings = load_settings()

    assert settings.registry_plain_http == ("registry.local:5000", "other.local")
    assert settings.registry_realms == {"registry.example": ("auth.example", "sso.example")}


@pytest.mark.parametrize("text", ["registry.example", "a b=c", "http://x=y"])
def test_a_token_service_without_its_registry_is_refused(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("GREENLANE_REGISTRY_REALMS", text)

    assert "GREENLANE_REGISTRY_REALMS" in _refusal()


def _refusal(need: Need = Need.NOTHING) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(need)
    return str(caught.value)


def test_nothing_is_needed_for_what_needs_nothing():
    settings = load_settings()

    assert settings.github_api_url == "https://api.github.com"
    assert settings.database_place == "sqlite+aiosqlite:///greenlane.db"
    assert settings.catalog == Path("config")
    assert settings.listen == Listen("127.0.0.1", 8080)
    assert (settings.public_url, settings.registry_credentials, settings.kubeconfig) == (None, None, None)
    assert (settings.log_format, settings.log_level) == ("console", "info")


def test_what_a_command_needs_is_named_with_its_remedy():
    lines = _refusal(Need.GITHUB | Need.WEBHOOK).splitlines()

    assert [line.split()[0] for line in lines] == [
        "GREENLANE_GITHUB_APP_ID",
        "GREENLANE_GITHUB_PRIVATE_KEY",
        "GREENLANE_WEBHOOK_SECRET",
    ]
    assert "(or GREENLANE_WEBHOOK_SECRET_FILE) is not set" in lines[2]
    assert "openssl rand" in lines[2]


@pytest.mark.usefixtures("everything")
def test_the_app_and_its_secrets():
    settings = load_settings(Need.GITHUB | Need.WEBHOOK)

    assert settings.github_app.id == 12345
    assert settings.github_app.private_key.get_secret_value() == RSA_PEM
    assert settings.webhook_secrets == (SECRET.encode(),)
    assert settings.warnings == ()


def test_what_was_not_needed_is_refused_when_it_is_used():
    settings = load_settings()

    with pytest.raises(SettingsError, match="WEBHOOK_SECRET"):
        _ = settings.webhook_secrets
    with pytest.raises(SettingsError, match="GITHUB_APP_ID"):
        _ = settings.github_app


def test_a_key_on_one_line_is_put_right(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_GITHUB_APP_ID", "1")
    monkeypatch.setenv("GREENLANE_GITHUB_PRIVATE_KEY", RSA_PEM.replace("\n", "\\n"))

    assert load_settings(Need.GITHUB).github_app.private_key.get_secret_value() == RSA_PEM


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (RSA_PEM[:200], "is not a PEM file"),
        (RSA_PEM.replace(RSA_PEM[100:140], ""), "is a damaged PEM file"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
        (_pem(_RSA, b"pass"), "holds a ENCRYPTED PRIVATE KEY"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "holds a PUBLIC KEY"),
    ],
)
def test_a_key_that_could_not_sign_is_found_at_start(monkeypatch: pytest.MonkeyPatch, pem: str, said: str):
    monkeypatch.setenv("GREENLANE_GITHUB_PRIVATE_KEY", pem)

    refusal = _refusal()

    assert refusal.startswith("GREENLANE_GITHUB_PRIVATE_KEY ")
    assert said in refusal
    assert pem[40:60] not in refusal


def test_several_secrets_are_valid_while_rotating(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_WEBHOOK_SECRET", f" new-{SECRET} , {SECRET}é")

    assert load_settings(Need.WEBHOOK).webhook_secrets == (f"new-{SECRET}".encode(), f"{SECRET}é".encode())


@pytest.mark.parametrize("value", ["", "  ", ",", f"{SECRET},", f"{SECRET}, ,{SECRET}"])
def test_an_empty_webhook_secret_never_starts(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("GREENLANE_WEBHOOK_SECRET", value)

    refusal = _refusal(Need.WEBHOOK)

    assert len(refusal.splitlines()) == 1
    assert refusal.startswith("GREENLANE_WEBHOOK_SECRET ")
    assert SECRET not in refusal


def test_a_short_webhook_secret_is_warned_about(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_WEBHOOK_SECRET", f"{SECRET},hunter2")

    (warning,) = load_settings(Need.WEBHOOK).warnings

    assert warning.startswith("GREENLANE_WEBHOOK_SECRET")
    assert "hunter2" not in warning


@pytest.mark.parametrize("field", SECRETS)
def test_each_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, field: str):
    # Given
    values = {
        "github_private_key": RSA_PEM,
        "webhook_secret": SECRET,
        "database_url": "postgresql+asyncpg://u:p@h/db",
    }
    path = tmp_path / "secret"
    path.write_text(f"{values[field]}\n")
    monkeypatch.setenv(f"{variable(field)}_FILE", str(path))

    # When
    value = getattr(load_settings(), field)

    # Then
    assert value.get_secret_value().strip() == values[field].strip()


@pytest.mark.parametrize("field", SECRETS)
def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, field: str):
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv(variable(field), RSA_PEM if "key" in field else "sqlite+aiosqlite:///x.db")
    monkeypatch.setenv(f"{variable(field)}_FILE", str(tmp_path / "secret"))

    assert _refusal() == f"{variable(field)} and {variable(field)}_FILE are both set; keep one"


def test_a_secret_file_that_can_not_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    # Given one that is missing, one that is empty, one that is not text
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(SECRET.encode() + b"\xff")
    monkeypatch.setenv("GREENLANE_GITHUB_PRIVATE_KEY_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("GREENLANE_WEBHOOK_SECRET_FILE", str(tmp_path / "empty"))
    monkeypatch.setenv("GREENLANE_DATABASE_URL_FILE", str(tmp_path / "bytes"))

    # When
    lines = _refusal().splitlines()

    # Then
    assert [line.partition(": ")[0] for line in lines] == [f"{variable(field)}_FILE" for field in SECRETS]
    assert [line.rpartition(str(tmp_path))[2] for line in lines] == [
        "/none can't be read (No such file or directory)",
        "/empty is empty",
        "/bytes is not a text file",
    ]


def test_a_wrong_secret_in_a_file_names_the_file_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "url").write_text("mysql://root:hunter2@db/x")
    monkeypatch.setenv("GREENLANE_DATABASE_URL_FILE", str(tmp_path / "url"))

    refusal = _refusal()

    assert refusal.startswith("GREENLANE_DATABASE_URL_FILE is not a database Greenlane knows")
    assert "hunter2" not in refusal


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LISTEN", "8080", "write it like 127.0.0.1:8080"),
        ("LISTEN", ":8080", "write it like 127.0.0.1:8080"),
        ("LISTEN", "127.0.0.1:http", "write it like 127.0.0.1:8080"),
        ("LISTEN", "127.0.0.1:70000", "write it like 127.0.0.1:8080"),
        ("LISTEN", "::1:8080", "needs brackets round an IPv6 address"),
        ("LISTEN", "[127.0.0.1]:8080", "needs brackets round an IPv6 address"),
        ("LISTEN", "[:::1]:8080", "has no IPv6 address in its brackets"),
        ("DATABASE_URL", "postgres://u:hunter2@h/db", "begin it with sqlite+aiosqlite:/// or postgresql+asyncpg://"),
        ("DATABASE_URL", "postgresql://u:hunter2@h/db", "begin it with"),
        ("DATABASE_URL", "hunter2", "begin it with"),
        ("DATABASE_URL", "sqlite+aiosqlite://", "would forget everything"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:", "would forget everything"),
        ("DATABASE_URL", "", "is set but empty"),
        ("GITHUB_APP_ID", "my-app", "is not a number"),
        ("GITHUB_APP_ID", "0", "is not a number"),
        ("GITHUB_APP_ID", "Iv23liAbCd", "looks like a client ID"),
        ("GITHUB_API_URL", "api.github.com", "is not a web address"),
        ("GITHUB_API_URL", "https://u:hunter2@ghe.example", "must not carry a user name or password"),
        ("PUBLIC_URL", "https://x.example/?a=b", "is not a web address"),
        ("PUBLIC_URL", "https://x.example:99999", "is not a web address"),
        ("LOG_FORMAT", "xml", "must be console or json"),
        ("LOG_LEVEL", "loud", "must be debug, info, warning or error"),
        ("LISTENS", "127.0.0.1:1", "is not a setting; did you mean GREENLANE_LISTEN?"),
        ("WEBHOOK_SECRETS", SECRET, "is not a setting; did you mean GREENLANE_WEBHOOK_SECRET?"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str):
    monkeypatch.setenv(f"GREENLANE_{name}", value)

    refusal = _refusal()

    assert refusal.startswith(f"GREENLANE_{name} ")
    assert said in refusal
    assert len(refusal.splitlines()) == 1
    assert "hunter2" not in refusal
    assert SECRET not in refusal


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch):
    for name in ("LISTEN", "PUBLIC_URL", "LOG_FORMAT"):
        monkeypatch.setenv(f"GREENLANE_{name}", "?")

    assert len(_refusal(Need.GITHUB).splitlines()) == 5


@pytest.mark.parametrize(
    ("text", "listen", "shown"),
    [
        ("0.0.0.0:80", Listen("0.0.0.0", 80), "0.0.0.0:80"),
        ("[::1]:8080", Listen("::1", 8080), "[::1]:8080"),
        ("localhost:0", Listen("localhost", 0), "localhost:0"),
    ],
)
def test_where_to_listen(monkeypatch: pytest.MonkeyPatch, text: str, listen: Listen, shown: str):
    monkeypatch.setenv("GREENLANE_LISTEN", text)

    assert load_settings().listen == listen
    assert str(listen) == shown


def test_spelling_that_does_not_matter(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_LOG_FORMAT", "JSON")
    monkeypatch.setenv("GREENLANE_LOG_LEVEL", " Debug ")
    monkeypatch.setenv("GREENLANE_PUBLIC_URL", "https://greenlane.example/")
    monkeypatch.setenv("GREENLANE_CATALOG", "")

    settings = load_settings()

    assert (settings.log_format, settings.log_level) == ("json", "debug")
    assert settings.public_url == "https://greenlane.example"
    assert settings.catalog == Path("config")


def test_a_kubeconfig_of_our_own_and_not_a_person_s(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KUBECONFIG", "/a:/b")
    assert load_settings().kubeconfig is None

    monkeypatch.setenv("GREENLANE_KUBECONFIG", "/c")
    assert load_settings().kubeconfig == Path("/c")


def test_what_kubernetes_adds_for_a_service_is_not_taken_for_a_typo(monkeypatch: pytest.MonkeyPatch):
    for name in ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT", "PORT_8080_TCP", "PORT_8080_TCP_ADDR"):
        monkeypatch.setenv(f"GREENLANE_{name}", "tcp://10.0.0.1:8080")

    assert load_settings().listen == Listen("127.0.0.1", 8080)


@pytest.mark.usefixtures("everything")
def test_settings_do_not_print_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_DATABASE_URL", "postgresql+asyncpg://bot:hun@ter2@db.example/lane?password=hunter3")

    settings = load_settings(Need.GITHUB | Need.WEBHOOK)
    printed = f"{settings!r} {settings} {settings.github_app!r} {settings.model_dump()} {settings.database_place}"

    assert settings.database_place == "postgresql+asyncpg://bot:***@db.example/lane"
    for secret in (SECRET, RSA_PEM[60:90], "ter2", "hunter3"):
        assert secret not in printed


def test_plain_http_to_another_machine_is_warned_about(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GREENLANE_GITHUB_API_URL", "http://127.0.0.1:8001")
    assert load_settings().warnings == ()

    monkeypatch.setenv("GREENLANE_GITHUB_API_URL", "http://ghe.example/api/v3/")
    assert "tokens travel readable" in load_settings().warnings[0]


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().log_level = "debug"  # type: ignore[misc]

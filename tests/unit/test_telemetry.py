"""Logs are one line an event and never hold a secret, whoever wrote the record; metrics say what they promise."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry import Metrics, configure_logging, redact, redact_text
from bot.telemetry.logs import LogFormat

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl-x_y"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAsecretpart\nabcdefsecretpart\n-----END RSA PRIVATE KEY-----"
SECRETS = {
    "an App's installation token": ("ghs_16C7e42F292c6912E7710c838347Ae178B4a", "ghs_16C7"),
    "a person's token": ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_16C7"),
    "a fine-grained token": ("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "github_pat_11"),
    "a web token": (JWT, "eyJhbG"),
    "a header": ("Authorization: token opaque-value-1234", "opaque-value"),
    "a header in a dict": ("{'Authorization': 'Basic b3BhcXVlOnZhbHVl'}", "b3BhcXVl"),
    "a bearer": ("sent Bearer b3BhcXVlLXZhbHVl to the registry", "b3BhcXVl"),
    "a private key": (PEM, "secretpart"),
    "a private key on one line": (PEM.replace("\n", "\\n"), "secretpart"),
    "a private key without its end": (PEM[:70], "MIIEow"),
    "a password in an address": ("postgresql+asyncpg://bot:hun@ter2@db.example/x", "ter2"),
    "a token in an address": ("https://x-access-token:opaque1@github.com/a/b", "opaque1"),
    "a pair in text": ("token=opaque1 password: 'opaque 1' client_secret=opaque1", "opaque"),
}


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _configured(log_format: LogFormat, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(log_format=log_format, level=level, stream=stream)  # type: ignore[arg-type]
    return stream


def _fail_with(text: str) -> None:
    try:
        {}[text]
    except KeyError as cause:
        raise RuntimeError(f"with {text}") from cause


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(("text", "part"), SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_secret_reaches_the_log_by_any_way(log_format: LogFormat, text: str, part: str):
    # Given
    stream = _configured(log_format, "debug")
    ours, foreign = structlog.get_logger(), logging.getLogger("some.library")

    # When it is in an event, a value, a nested value, an object, a context, a cause, a library's message and arguments
    with structlog.contextvars.bound_contextvars(context=text):
        ours.info("happened", value=text, nested={"list": [{"deep": text}]}, raw=text.encode(), object=Exception(text))
    ours.info(f"event {text}")
    try:
        _fail_with(text)
    except RuntimeError:
        ours.exception("failed")
        foreign.exception("library failed: %s", text)
    foreign.warning("said %r", {"headers": text})
    foreign.warning(text)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(text, stacklevel=1)

    # Then
    written = stream.getvalue()
    assert "happened" in written
    assert "library failed" in written
    assert part not in written


@pytest.mark.parametrize(
    "key",
    ["token", "webhook_secret", "password", "Authorization", "key", "private_key", "API-Key", "db.password", "cookie"],
)
def test_a_value_goes_by_the_name_of_its_key(key: str):
    assert redact({key: "harmless looking"}) == {key: "[redacted]"}
    assert redact({"outer": MappingProxyType({key: ["a", "b"]})}) == {"outer": {key: "[redacted]"}}


def test_an_entrys_value_goes_by_the_entrys_name():
    entries = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LOG_LEVEL", "value": "debug"}]

    assert redact(entries) == [{"name": "DB_PASSWORD", "value": "[redacted]"}, {"name": "LOG_LEVEL", "value": "debug"}]
    assert redact({"name": "DB_PASSWORD", "value": None}) == {"name": "DB_PASSWORD", "value": None}


@pytest.mark.parametrize(
    "text",
    [
        "image registry.example/payments/checkout:v1@sha256:" + "a" * 64,
        "https://github.com/acme/checkout/pull/3#issuecomment-1",
        "commit 0d4f2aa9c1b3e5f7a9b1c3d5e7f9a1b3c5d7e9f1",
        "the token was refused by the registry",
        "waiting for build (2 of 3 checks passed)",
        "mail alice@acme.example about keys and secrets",
    ],
)
def test_what_is_no_secret_stays(text: str):
    assert redact_text(text) == text
    assert redact({"target_key": text, "tokens_left": 3, "has_token": True})["target_key"] == text


@pytest.mark.parametrize(
    "part",
    ["a.", "eyJ-", "eyJaaaaa.", "a://", "://@", "-----BEGIN PRIVATE KEY", "bearer ", "token=", "ghs_", "\"'", " "],
)
@pytest.mark.timeout(10)
def test_hostile_text_does_not_hold_the_process_up(part: str):
    text = part * (200_000 // len(part))

    assert len(redact_text(text)) <= 2 * len(text)


def test_a_broken_object_does_not_cost_the_line():
    class Broken:
        def __repr__(self) -> str:
            raise ZeroDivisionError

    assert redact({"a": Broken()}) == {"a": "<Broken>"}


def test_one_json_line_an_event_with_its_context():
    # Given
    stream = _configured("json")

    # When
    with structlog.contextvars.bound_contextvars(delivery_id="d-1"):
        structlog.get_logger("bot.intake").info("delivery_stored", event_name="push", branch="fix\nlevel=error é")
        logging.getLogger("aiohttp.access").info("%s %d", "GET /healthz", 200)

    # Then
    ours, foreign = _lines(stream)
    assert (ours["event"], ours["level"], ours["delivery_id"]) == ("delivery_stored", "info", "d-1")
    assert ours["branch"] == "fix\nlevel=error é"
    assert ours["timestamp"].endswith("Z")
    assert (foreign["event"], foreign["logger"], foreign["delivery_id"]) == (
        "GET /healthz 200",
        "aiohttp.access",
        "d-1",
    )


def test_a_console_line_can_not_be_forged():
    stream = _configured("console")

    structlog.get_logger().info("deploy\n2026-11-21 [info] forged", branch="x\x1b[2Jy", title="a\r\nb")

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_a_trace_keeps_its_lines_on_the_console():
    stream = _configured("console")

    try:
        _fail_with("no")
    except RuntimeError:
        structlog.get_logger().exception("broke")

    assert "Traceback (most recent call last):\n" in stream.getvalue()


def test_the_level_holds_and_libraries_are_quieter():
    stream = _configured("json", "info")

    structlog.get_logger("bot").debug("hidden")
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    logging.getLogger("sqlalchemy.engine").warning("heard")

    assert [line["event"] for line in _lines(stream)] == ["heard"]


def test_a_record_that_can_not_be_formatted_is_mentioned_without_its_arguments(capsys: pytest.CaptureFixture[str]):
    stream = _configured("json")

    logging.getLogger("sloppy").warning("%d retries", "ghs_16C7e42F292c6912E7710c838347Ae178B4a")

    (line,) = _lines(stream)
    assert (line["event"], line["logger"]) == ("unprintable_log_record", "sloppy")
    assert capsys.readouterr().err == ""


def test_setting_up_twice_does_not_double_the_lines():
    _configured("json")
    stream = _configured("json")

    structlog.get_logger().info("once")

    assert len(_lines(stream)) == 1


def _samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def test_metrics_count_what_happened():
    # Given
    metrics = Metrics()

    # When
    metrics.delivery("push", "stored")
    metrics.delivery("push", "stored")
    metrics.intents({"queued": 2, "rolling_out": 1})
    metrics.intents({"queued": 1})
    metrics.green_to_patch(0.3)
    metrics.rollout("succeeded", 12.5)
    metrics.outbox_pending(4)
    metrics.github_request(200)
    metrics.github_request(None)

    # Then
    samples = _samples(metrics)
    assert samples["greenlane_deliveries_total", ("push", "stored")] == 2
    assert samples["greenlane_intents", ("queued",)] == 1
    assert ("greenlane_intents", ("rolling_out",)) not in samples
    assert samples["greenlane_green_to_patch_seconds_bucket", ("0.25",)] == 0
    assert samples["greenlane_green_to_patch_seconds_bucket", ("0.5",)] == 1
    assert samples["greenlane_rollout_seconds_sum", ("succeeded",)] == 12.5
    assert samples["greenlane_outbox_pending", ()] == 4
    assert samples["greenlane_github_requests_total", ("200",)] == 1
    assert samples["greenlane_github_requests_total", ("none",)] == 1


def test_invented_events_share_one_label():
    metrics = Metrics()

    for number in range(50):
        metrics.delivery(f"invented-{number}", "bad_signature")

    assert _samples(metrics)["greenlane_deliveries_total", ("other", "bad_signature")] == 50
    assert b"invented" not in metrics.render()


def test_two_processes_in_one_test_do_not_share_metrics():
    first, second = Metrics(), Metrics()

    first.outbox_pending(3)

    assert _samples(second)["greenlane_outbox_pending", ()] == 0

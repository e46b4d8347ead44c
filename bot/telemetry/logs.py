"""structlog and the standard library's logging through one formatter: one event a line, redacted.

Log with `structlog.get_logger()`: a static event name, identifiers as keys; bind context once with
`structlog.contextvars.bound_contextvars(delivery_id=…, intent_id=…)`.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import Processor

from bot.telemetry.redaction import redact_event

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_CHATTY: Final = ("asyncio", "sqlalchemy", "aiosqlite", "alembic", "kubernetes_asyncio", "urllib3")
"""Libraries that say at `info` or `debug` what only their authors need; from `warning` on they are heard."""


def configure_logging(*, log_format: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """Set up the whole process; may be called again. Writes to standard error unless told otherwise."""
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared_processors(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                *_renderers(log_format, colours=handler.stream.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Says of a record that can't be formatted whose it is; the library would print its raw arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        if record.args or record.exc_info:
            plain = {**record.__dict__, "msg": "unprintable_log_record", "args": None, "exc_info": None}
            self.emit(logging.makeLogRecord(plain))


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderers(log_format: LogFormat, *, colours: bool) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [_escape_controls, structlog.dev.ConsoleRenderer(colors=colours)]


def _escape_controls(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A branch or title with a line end or an escape sequence must not look like a line of ours."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            keep = "\n\t" if key in {"exception", "stack"} else ""
            event[key] = "".join(
                each if each.isprintable() or each in keep else each.encode("unicode_escape").decode() for each in value
            )
    return event

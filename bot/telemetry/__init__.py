"""Logs and metrics."""

from bot.telemetry.logs import LogFormat, LogLevel, configure_logging
from bot.telemetry.metrics import CONTENT_TYPE, Metrics
from bot.telemetry.redaction import redact, redact_outside, redact_text

__all__ = [
    "CONTENT_TYPE",
    "LogFormat",
    "LogLevel",
    "Metrics",
    "configure_logging",
    "redact",
    "redact_outside",
    "redact_text",
]

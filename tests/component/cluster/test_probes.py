"""A readiness probe in people's words."""

import msgspec
import pytest

from bot.cluster.probes import in_words
from bot.cluster.workload_objects import Probe


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ({"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}}, "GET :8080/healthz"),
        ({"httpGet": {"path": "/healthz", "port": "http"}}, "GET :http/healthz"),
        ({"httpGet": {"port": 8080}}, "GET :8080/"),
        ({"httpGet": {"path": "up", "port": 8443, "scheme": "HTTPS"}}, "GET https://:8443/up"),
        ({"httpGet": {"path": "/up", "port": 80, "host": "web"}}, "GET web:80/up"),
        ({"httpGet": {"path": "/healthz?token=s3cr3t", "port": 8080}}, "GET :8080/healthz"),
        ({"tcpSocket": {"port": 5432}}, "tcp :5432"),
        ({"tcpSocket": {"port": "db"}}, "tcp :db"),
        ({"grpc": {"port": 9000, "service": "x"}}, "grpc :9000"),
        ({"exec": {"command": ["true"]}, "periodSeconds": 1}, "command"),
        ({}, ""),
    ],
)
def test_a_probe_is_told_in_words(probe, words):
    assert in_words(msgspec.convert(probe, type=Probe)) == words


def test_no_probe_is_no_words():
    assert in_words(None) == ""

"""Debian's registry (or the same built from its Go module) with each of its ways to log in."""

import base64
import datetime as dt
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.component.registry.push import IDENTITY_TOKEN, Pusher, basic
from tests.testbed.build import REGISTRY, built
from tests.testbed.fixtures import need
from tests.testbed.processes import Program, TestBedError, free_ports
from tests.testbed.progress import say_on_stderr

# bcrypt of PASSWORD in push.py, cost 5.
HTPASSWD = "ci:$2b$05$abcdefghijklmnopqrstuuOCF.GkRv1vFPvtkwfdxmhQ9dQc6ZI22\n"


def ignores_accept() -> bool:
    """Distribution 3, which we build where Debian's 2.8 is missing, sends an index to those who cannot read it."""
    return shutil.which("docker-registry") is None


def registry_binary() -> Path:
    """Skips, with the reason, where there is none and none can be built."""
    if found := shutil.which("docker-registry"):
        return Path(found)
    try:
        return built(REGISTRY, say_on_stderr) / "registry"
    except TestBedError as error:
        need([f"a real registry (Debian: docker-registry), and building one failed: {error}"])
        raise


@asynccontextmanager
async def serve_real(mode: str, state: Path) -> AsyncIterator[Pusher]:
    """A running registry that asks for logins as `mode` says, and the way to push to it."""
    binary = registry_binary()
    port, token_port = free_ports(2)
    login = None if mode == "open" else basic()
    token_url = f"http://127.0.0.1:{token_port}/token" if mode == "bearer" else None
    tokens = TokenService()
    runner = web.AppRunner(tokens.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", token_port).start()
    (state / "registry.json").write_text(json.dumps(_configuration(mode, state, port, token_url, tokens)))
    # Version 3 sends traces to a collector nobody runs here, and waits for it when it stops.
    quiet = {"OTEL_TRACES_EXPORTER": "none"}
    command = [binary, "serve", state / "registry.json"]
    program = Program.start("registry", command, state=state, environment=quiet)
    try:
        program.wait_ready(lambda: _listens(port), seconds=20)
        yield Pusher(f"127.0.0.1:{port}", login, token_url, "real-registry")
    finally:
        program.stop()
        await runner.cleanup()


def _configuration(
    mode: str, state: Path, port: int, token_url: str | None, tokens: "TokenService"
) -> dict[str, object]:
    (state / "htpasswd").write_text(HTPASSWD)
    (state / "token.pem").write_bytes(tokens.certificate.public_bytes(serialization.Encoding.PEM))
    bundle = str(state / "token.pem")
    auth = {
        "open": {},
        "basic": {"htpasswd": {"realm": "real", "path": str(state / "htpasswd")}},
        "bearer": {
            "token": {"realm": token_url, "service": "real-registry", "issuer": "tests", "rootcertbundle": bundle}
        },
    }[mode]
    return {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(state / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
        **({"auth": auth} if auth else {}),
    }


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class TokenService:
    """What the registry's token specification asks of one: signed JWTs that list what may be done."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
        now = dt.datetime.now(dt.UTC)
        self.certificate = (
            x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=5))
            .not_valid_after(now + dt.timedelta(hours=1))
            .sign(self._key, hashes.SHA256())
        )

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/token", self._hand_out)
        app.router.add_post("/token", self._hand_out)
        return app

    async def _hand_out(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = {**request.query, **{key: str(value) for key, value in form.items()}}
        if request.headers.get("Authorization") != basic() and asked.get("refresh_token") != IDENTITY_TOKEN:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        kind, _, rest = asked["scope"].partition(":")
        name, _, actions = rest.rpartition(":")
        now = int(dt.datetime.now(dt.UTC).timestamp())
        claims = {
            "iss": "tests", "sub": "ci", "aud": asked["service"], "jti": "1",
            "iat": now, "nbf": now - 60, "exp": now + 300,
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }  # fmt: skip
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"x5c": [base64.b64encode(der).decode()]})
        return web.json_response({"token": token, "expires_in": 300})

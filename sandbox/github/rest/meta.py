"""About the service: limits, versions, addresses."""

from sandbox.github.rest.asking import Answer, Ask, shown
from sandbox.github.rest.routing import Route, open_route
from sandbox.github.rest.versions import VERSIONS


def rate_limit(ask: Ask) -> Answer:
    """Free of charge."""
    if ask.token:
        name = f"installation ID {ask.token.installation.id}"
    else:
        name = f"app ID {ask.app.id}" if ask.app else "anonymous"
    bucket = ask.world.limits.bucket(name)
    core = {
        "limit": bucket.limit,
        "remaining": max(0, bucket.limit - bucket.used),
        "reset": bucket.reset,
        "used": bucket.used,
    }
    search = {"limit": 30, "remaining": 30, "reset": bucket.reset, "used": 0}
    return shown({"resources": {"core": core, "search": search, "graphql": core}, "rate": core})


def meta(_ask: Ask) -> Answer:
    ssh = {"SHA256_ECDSA": "p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM"}
    return shown({"verifiable_password_authentication": False, "ssh_key_fingerprints": ssh, "hooks": ["127.0.0.1/32"]})


def versions(_ask: Ask) -> Answer:
    return shown(list(VERSIONS))


ROUTES: list[Route] = [
    open_route("GET", "/rate_limit", "rate-limit/get", rate_limit),
    open_route("GET", "/meta", "meta/get", meta),
    open_route("GET", "/versions", "meta/get-all-versions", versions),
]

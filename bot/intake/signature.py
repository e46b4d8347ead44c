"""Is this really from GitHub? HMAC-SHA256 over the raw body, in constant time, before anything is parsed."""

import hashlib
import hmac
from collections.abc import Sequence

_PREFIX = b"sha256="


def is_genuine(body: bytes, header: str | None, secrets: Sequence[bytes]) -> bool:
    """Whether `X-Hub-Signature-256` fits one of the secrets; SHA-1 alone never does.

    Source: GitHub docs, "Validating webhook deliveries". Every secret is tried, so that the time taken
    does not tell which one fits.
    """
    if not secrets:
        raise ValueError("no webhook secret: nothing could be trusted")
    if header is None:
        return False
    given = header.encode("utf-8", "surrogateescape")  # a header may hold any byte
    fits = False
    for secret in secrets:
        expected = _PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        fits |= hmac.compare_digest(expected, given)
    return fits

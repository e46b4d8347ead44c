"""The error bodies of the distribution protocol."""

from typing import Any

from aiohttp import web


class RegistryError(Exception):
    """An answer that is not a success: a status, the protocol's code, a message and perhaps a detail."""

    def __init__(self, status: int, code: str, message: str, detail: Any = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.headers: dict[str, str] = {}

    def to_response(self) -> web.Response:
        error = {"code": self.code, "message": self.message, "detail": self.detail}
        return web.json_response({"errors": [error]}, status=self.status, headers=self.headers)

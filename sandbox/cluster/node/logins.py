"""How a node logs in at a registry: image pull secrets, and the answer to a registry's challenge."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Final

import aiohttp

from sandbox.cluster.documents import Obj
from sandbox.cluster.resources import SECRETS
from sandbox.cluster.store import Store

_KEY: Final = ".dockerconfigjson"
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Login:
    """A registry's user, or nobody."""

    user: str = ""
    password: str = ""

    @property
    def header(self) -> dict[str, str]:
        if not self.user:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"}


def login_for(store: Store, namespace: str, spec: Obj, image: str) -> Login:
    """From the pod's pull secrets; one that is not there is passed over, as the kubelet does."""
    host = image.partition("/")[0]
    for reference in spec.get("imagePullSecrets", []):
        secret = store.get(SECRETS, namespace, reference.get("name", ""))
        content = (secret or {}).get("data", {}).get(_KEY)
        entry = json.loads(base64.b64decode(content))["auths"].get(host) if content else None
        if entry is not None:
            user, _, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
            return Login(entry.get("username", user), entry.get("password", password))
    return Login()


async def answer(session: aiohttp.ClientSession, challenge: str, login: Login) -> dict[str, str]:
    """Headers for a second try after 401; empty when there is nothing to say."""
    if not challenge.lower().startswith("bearer"):
        return login.header
    asked = dict(_PARAMETER.findall(challenge))
    wish = {key: asked[key] for key in ("service", "scope") if key in asked}
    async with session.get(asked.get("realm", ""), params=wish, headers=login.header) as given:
        if given.status != 200:
            return {}
        body = await given.json()
    return {"Authorization": f"Bearer {body.get('token') or body.get('access_token')}"}

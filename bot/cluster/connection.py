"""Identity and transport for one cluster: the pod's account, else a kubeconfig. Imports the library late (1.3 s)."""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from yaml import YAMLError

from bot import __version__
from bot.errors import SettingsError

_REFRESH = 45.0
_PLUGIN = 60.0
"""Seconds for an exec plugin, which may ask an identity provider."""
_READ_BUFFER = 2**21
"""Bytes. A watch sends each object as one line, which may be twice as long as this and no longer."""
_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")
_MALFORMED = (ValueError, TypeError, AttributeError, KeyError, AssertionError)
"""What the library raises where a kubeconfig has another shape than it thinks."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Connection:
    """An open `ApiClient` and the task that keeps its token fresh."""

    api: Any  # kubernetes_asyncio has no types
    refresh: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """Stop refreshing and close the connections."""
        if self.refresh is not None:
            self.refresh.cancel()
            with suppress(asyncio.CancelledError):
                await self.refresh
        await self.api.close()


async def connect(kubeconfig: Path | None, *, use_proxies: bool = False) -> Connection:
    """Connect with `kubeconfig`, or, without one, as the pod's account, or with the file `KUBECONFIG` names.

    `~/.kube/config` is never taken by itself: it is a person's, and may point anywhere. `use_proxies` lets the
    environment's proxy variables apply (a kubeconfig's own `proxy-url` always does). Raises `SettingsError`.
    """
    from kubernetes_asyncio.client import Configuration  # noqa: PLC0415 - slow import

    configuration = Configuration()
    # Each watch holds a connection; a limit would let watches starve the calls.
    configuration.connection_pool_maxsize = 0
    if kubeconfig is None and _in_cluster(configuration):
        return _open(configuration, use_proxies=use_proxies)
    path = str(kubeconfig or os.environ.get("KUBECONFIG", ""))
    if not path:
        raise SettingsError("no cluster: not in a pod with a service account, and KUBECONFIG names no file")
    return await _from_file(path, configuration, use_proxies=use_proxies)


def _in_cluster(configuration: Any) -> bool:
    from kubernetes_asyncio.config import ConfigException, load_incluster_config  # noqa: PLC0415 - slow import

    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call] # library without types
    except ConfigException:
        return False
    return True


async def _from_file(path: str, configuration: Any, *, use_proxies: bool) -> Connection:
    from kubernetes_asyncio.config import ConfigException  # noqa: PLC0415 - slow import
    from kubernetes_asyncio.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415

    try:
        config = KubeConfigMerger(path).config  # several files may be named, as for kubectl
        if config is None:
            raise SettingsError(f"the kubeconfig {path} can't be read: there is no such file")
        loader = KubeConfigLoader(config_dict=config, config_base_path=None)
        user = _user(config, loader)
        _refuse_what_would_be_ignored(user, path)
        async with asyncio.timeout(_PLUGIN):
            await loader.load_and_set(configuration)
    except (ConfigException, YAMLError, OSError, *_MALFORMED) as error:
        # The library's own texts may quote the file, and with it a token.
        raise SettingsError(f"the kubeconfig {path} can't be used ({type(error).__name__})") from error
    connection = _open(configuration, use_proxies=use_proxies)
    if "exec" in user or "tokenFile" in user:
        connection.refresh = asyncio.create_task(_keep_fresh(loader, configuration, user), name="cluster token")
    return connection


def _user(config: Any, loader: Any) -> dict[str, Any]:
    """The active context's user; empty when it has none."""
    name = loader.current_context["context"].get("user")
    entry = config["users"].get_with_name(name, safe=True) if name else None
    return dict(entry["user"].value) if entry is not None else {}


def _refuse_what_would_be_ignored(user: dict[str, Any], path: str) -> None:
    """The library ignores impersonation silently: the calls would run with the wider, underlying rights."""
    found = [key for key in _IMPERSONATION if key in user]
    if found:
        raise SettingsError(
            f"the kubeconfig {path} asks for impersonation (`{found[0]}`), which would be ignored; "
            "use a kubeconfig of the account itself"
        )
    if "auth-provider" in user:
        raise SettingsError(
            f"the kubeconfig {path} uses `auth-provider`, whose token could not be renewed; use an `exec` plugin"
        )


def _open(configuration: Any, *, use_proxies: bool) -> Connection:
    from kubernetes_asyncio.client import ApiClient  # noqa: PLC0415 - slow import

    api = ApiClient(configuration=configuration)
    api.user_agent = f"greenlane/{__version__}"
    _replace_session(api.rest_client, use_proxies=use_proxies)
    return Connection(api)


def _replace_session(rest: Any, *, use_proxies: bool) -> None:
    """Move the connector to a session of ours: proxy variables may be meant for other traffic, and lines are long."""
    connector = rest.pool_manager.connector
    rest.pool_manager.detach()
    rest.pool_manager = aiohttp.ClientSession(connector=connector, trust_env=use_proxies, read_bufsize=_READ_BUFFER)


async def _keep_fresh(loader: Any, configuration: Any, user: dict[str, Any]) -> None:
    """The library runs an exec plugin, and reads a token file, once and never again."""
    while True:
        await asyncio.sleep(_REFRESH)
        try:
            await _refresh(loader, user)
        except Exception as error:  # noqa: BLE001 - the loop's top: the plugin is a foreign program; try again
            log.warning("cluster_token_not_refreshed", error=type(error).__name__)
            continue
        configuration.api_key["BearerToken"] = loader.token


async def _refresh(loader: Any, user: dict[str, Any]) -> None:
    if "exec" in user:
        async with asyncio.timeout(_PLUGIN):
            await loader.load_from_exec_plugin()
    else:
        await asyncio.to_thread(loader._load_user_token)  # noqa: SLF001 - no public way reads the file anew

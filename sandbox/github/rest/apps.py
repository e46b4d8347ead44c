"""The App about itself: who it is, where it is installed, its tokens, its webhook deliveries."""

from sandbox.github.errors import RefusedError, bad_request, not_found
from sandbox.github.hooks import Delivery
from sandbox.github.model import JSON, Installation, Repository
from sandbox.github.rest.asking import Answer, Ask, Page, empty, shown
from sandbox.github.rest.auth import installation_of
from sandbox.github.rest.body import Field, read_body
from sandbox.github.rest.routing import Route, app_route, open_route, token_route
from sandbox.github.show.accounts import show_app, show_installation
from sandbox.github.show.repositories import show_repository
from sandbox.github.urls import stamp

_TOKEN = {
    "repositories": Field(kind="array", most=500),
    "repository_ids": Field(kind="array", most=500),
    "permissions": Field(kind="object"),
}


def get_app(ask: Ask) -> Answer:
    count = sum(installation.app is ask.app for installation in ask.world.installations.values())
    return shown(show_app(ask.urls, ask.caller) | {"installations_count": count})


def get_by_slug(ask: Ask) -> Answer:
    """Any App, by anybody."""
    found = next((app for app in ask.world.apps.values() if app.slug == ask.params["app_slug"]), None)
    if found is None:
        raise not_found()
    return shown(show_app(ask.urls, found))


def list_installations(ask: Ask) -> Page:
    mine = [one for one in ask.world.installations.values() if one.app is ask.app]
    return Page(items=mine, show=lambda one: show_installation(ask.urls, one))


def get_installation(ask: Ask) -> Answer:
    return shown(show_installation(ask.urls, _mine(ask)))


def create_token(ask: Ask) -> Answer:
    installation = _mine(ask)
    body = read_body(ask.body, _TOKEN)
    if installation.suspended_at:
        raise RefusedError(403, "This installation has been suspended")
    repositories = _chosen(ask, installation, body)
    token = ask.world.mint_token(installation, repositories=repositories, permissions=body.get("permissions"))
    answer: JSON = {
        "token": token.value,
        "expires_at": stamp(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "selected" if repositories or installation.repositories is not None else "all",
    }
    if repositories is not None:
        answer["repositories"] = [show_repository(ask.urls, repo) for repo in repositories]
    return shown(answer, 201)


def revoke_token(ask: Ask) -> Answer:
    if ask.token is None:
        raise not_found()
    ask.world.revoke(ask.token)
    return empty()


def list_repositories(ask: Ask) -> Page:
    token = ask.token
    if token is None:
        raise not_found()
    seen = [repo for repo in ask.world.repositories.values() if token.reaches(repo)]
    selection = "all" if token.installation.repositories is None and token.repositories is None else "selected"
    return Page(
        items=seen,
        show=lambda repo: show_repository(ask.urls, repo),
        key="repositories",
        extra={"repository_selection": selection},
    )


def repo_installation(ask: Ask) -> Answer:
    return shown(show_installation(ask.urls, installation_of(ask.world, ask.caller, ask.repository)))


def org_installation(ask: Ask) -> Answer:
    login = (ask.params.get("org") or ask.params["username"]).lower()
    for one in ask.world.installations.values():
        if one.app is ask.app and one.account.login.lower() == login:
            return shown(show_installation(ask.urls, one))
    raise not_found()


def list_deliveries(ask: Ask) -> Answer:
    """Newest first; `cursor` goes on after the last seen one. `failure` means codes 400 to 599: no time-outs."""
    status = ask.query.get("status")
    if status not in (None, "success", "failure"):
        raise bad_request(f"For 'status', {status!r} is not a member of ['success', 'failure'].")
    log = [one for one in reversed(ask.world.deliveries) if one.app is ask.app and one.delivered_at]
    if status == "success":
        log = [one for one in log if one.status_code < 400 and one.status_code]
    elif status == "failure":
        log = [one for one in log if 400 <= one.status_code <= 599]
    cursor = ask.query.get("cursor", "").removeprefix("v1_")
    if cursor:
        log = [one for one in log if one.id < int(cursor)] if cursor.isdigit() else []
    size = min(int(ask.query.get("per_page", "30")), 100)
    page, rest = log[:size], log[size:]
    answer = shown([show_delivery(one) for one in page])
    if rest:
        address = f"{ask.urls.api}/app/hook/deliveries?per_page={size}&cursor=v1_{page[-1].id}"
        answer.headers["Link"] = f'<{address}>; rel="next"'
    return answer


def get_delivery(ask: Ask) -> Answer:
    one = ask.world.hooks.find(ask.number("delivery_id"), app=ask.app)
    return shown(
        show_delivery(one)
        | {
            "url": one.app.webhook_url,
            "request": {"headers": one.request_headers, "payload": one.payload},
            "response": {"headers": one.response_headers, "payload": one.response_body},
        }
    )


def redeliver(ask: Ask) -> Answer:
    ask.world.hooks.redeliver(ask.number("delivery_id"), app=ask.app)
    return shown({}, 202)


def hook_config(ask: Ask) -> Answer:
    return shown({"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": ask.caller.webhook_url})


def show_delivery(one: Delivery) -> JSON:
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": stamp(one.delivered_at),
        "redelivery": one.redelivery,
        "duration": one.duration,
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation_id,
        "repository_id": one.repository_id,
        "throttled_at": None,
    }


def _mine(ask: Ask) -> Installation:
    found = ask.world.installations.get(ask.number("installation_id"))
    if found is None or found.app is not ask.app:
        raise not_found()
    return found


def _chosen(ask: Ask, installation: Installation, body: JSON) -> list[Repository] | None:
    """Repositories a token is narrowed to, by name (without owner) or id; one that is not covered is 422."""
    if "repositories" not in body and "repository_ids" not in body:
        return None
    covered = ask.world.reachable(installation)
    by_name = {repo.name.lower(): repo for repo in covered}
    by_id = {repo.id: repo for repo in covered}
    found = [by_name.get(str(name).lower()) for name in body.get("repositories", [])]
    found += [by_id.get(number) for number in body.get("repository_ids", [])]
    chosen = [repo for repo in found if repo is not None]
    if len(chosen) < len(found):
        raise RefusedError(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    return chosen


ROUTES: list[Route] = [
    app_route("GET", "/app", "apps/get-authenticated", get_app),
    open_route("GET", "/apps/{app_slug}", "apps/get-by-slug", get_by_slug),
    app_route("GET", "/app/installations", "apps/list-installations", list_installations),
    app_route("GET", "/app/installations/{installation_id}", "apps/get-installation", get_installation),
    app_route(
        "POST",
        "/app/installations/{installation_id}/access_tokens",
        "apps/create-installation-access-token",
        create_token,
    ),
    app_route("GET", "/app/hook/config", "apps/get-webhook-config-for-app", hook_config),
    app_route("GET", "/app/hook/deliveries", "apps/list-webhook-deliveries", list_deliveries),
    app_route("GET", "/app/hook/deliveries/{delivery_id}", "apps/get-webhook-delivery", get_delivery),
    app_route("POST", "/app/hook/deliveries/{delivery_id}/attempts", "apps/redeliver-webhook-delivery", redeliver),
    app_route("GET", "/repos/{owner}/{repo}/installation", "apps/get-repo-installation", repo_installation),
    app_route("GET", "/orgs/{org}/installation", "apps/get-org-installation", org_installation),
    app_route("GET", "/users/{username}/installation", "apps/get-user-installation", org_installation),
    token_route(
        "GET", "/installation/repositories", "apps/list-repos-accessible-to-installation", list_repositories, ""
    ),
    token_route("DELETE", "/installation/token", "apps/revoke-installation-access-token", revoke_token, ""),
]

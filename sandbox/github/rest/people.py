"""Who may do what: collaborators, organisation and team membership, branch rules."""

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import JSON, Membership, Org, Protection, Role, Team, User
from sandbox.github.rest.asking import Answer, Ask, Page, empty, shown
from sandbox.github.rest.routing import Route, token_route
from sandbox.github.show.accounts import (
    show_account,
    show_org_membership,
    show_team,
    show_team_membership,
)

# The old four words: maintain shows as write, triage as read (docs: collaborators).
_OLD_WORD: dict[Role, str] = {
    "admin": "admin",
    "maintain": "write",
    "write": "write",
    "triage": "read",
    "read": "read",
    "none": "none",
}


def is_collaborator(ask: Ask) -> Answer:
    user = _user(ask)
    if user is None or ask.world.role_of(ask.repository, user) == "none":
        raise not_found()
    return empty()


def permission(ask: Ask) -> Answer:
    user = _user(ask)
    if user is None or user.kind == "Bot":  # (seen: anthropics/claude-code-action#1133)
        raise RefusedError(404, f"{ask.params['username']} is not a user")
    role = ask.world.role_of(ask.repository, user)
    can = {
        "admin": role == "admin",
        "maintain": role in {"admin", "maintain"},
        "push": role in {"admin", "maintain", "write"},
        "triage": role in {"admin", "maintain", "write", "triage"},
        "pull": role != "none",
    }
    name = ask.world.role_name_of(ask.repository, user)
    person = show_account(ask.urls, user) | {"permissions": can, "role_name": name}
    return shown({"permission": _OLD_WORD[role], "role_name": name, "user": person})


def is_member(ask: Ask) -> Answer:
    membership = _org(ask).members.get(ask.params["username"].lower())
    if membership is None or membership.state != "active":
        raise not_found()
    return empty()


def org_membership(ask: Ask) -> Answer:
    org = _org(ask)
    membership = org.members.get(ask.params["username"].lower())
    if membership is None:
        raise not_found()
    return shown(show_org_membership(ask.urls, org, membership))


def get_team(ask: Ask) -> Answer:
    return shown(show_team(ask.urls, _team(ask)))


def list_team(ask: Ask) -> Page:
    active = [one for one in _members(_org(ask), _team(ask)) if one.state == "active"]
    return Page(items=active, show=lambda one: show_account(ask.urls, one.user))


def team_membership(ask: Ask) -> Answer:
    """Members of child teams count; `state` may be `pending`."""
    team = _team(ask)
    for membership in _members(_org(ask), team):
        if membership.user.login.lower() == ask.params["username"].lower():
            return shown(show_team_membership(ask.urls, team, membership))
    raise not_found()


def branch_rules(ask: Ask) -> Page:
    """Rules from rulesets only: classic protection is not here."""
    branch = ask.params["branch"]
    rules = [rule for rule in ask.repository.protections.get(branch, []) if rule.how == "ruleset"]

    def show(rule: Protection) -> JSON:
        checks = [
            {"context": one.context} | ({} if one.integration_id is None else {"integration_id": one.integration_id})
            for one in rule.required
        ]
        return {
            "type": "required_status_checks",
            "ruleset_source_type": "Repository",
            "ruleset_source": ask.repository.full_name,
            "ruleset_id": rule.ruleset_id,
            "parameters": {
                "required_status_checks": checks,
                "strict_required_status_checks_policy": False,
                "do_not_enforce_on_create": False,
            },
        }

    return Page(items=rules, show=show)


def protection(ask: Ask) -> Answer:
    return shown(
        {
            "url": f"{ask.urls.repo(ask.repository)}/branches/{ask.params['branch']}/protection",
            "required_status_checks": _status_policy(ask),
            "enforce_admins": {
                "url": f"{ask.urls.repo(ask.repository)}/branches/{ask.params['branch']}/protection/enforce_admins",
                "enabled": False,
            },
        }
    )


def status_protection(ask: Ask) -> Answer:
    return shown(_status_policy(ask))


def _status_policy(ask: Ask) -> JSON:
    branch = ask.params["branch"]
    classic = [rule for rule in ask.repository.protections.get(branch, []) if rule.how == "classic"]
    if ask.repository.head(branch) is None or not classic:
        raise RefusedError(404, "Branch not protected" if ask.repository.head(branch) else "Branch not found")
    required = [check for rule in classic for check in rule.required]
    api = f"{ask.urls.repo(ask.repository)}/branches/{branch}/protection/required_status_checks"
    return {
        "url": api,
        "strict": False,
        "contexts": [check.context for check in required],
        "contexts_url": f"{api}/contexts",
        "checks": [{"context": check.context, "app_id": check.integration_id} for check in required],
    }


def _user(ask: Ask) -> User | None:
    found = ask.world.accounts.get(ask.params["username"].lower())
    return found if isinstance(found, User) else None


def _org(ask: Ask) -> Org:
    """Only the organisation the token's installation is on."""
    org = ask.world.org(ask.params["org"])
    if ask.token is None or ask.token.installation.account is not org:
        raise RefusedError(403, "Resource not accessible by integration")
    return org


def _team(ask: Ask) -> Team:
    found = _org(ask).teams.get(ask.params["team_slug"])
    if found is None:
        raise not_found()
    return found


def _members(org: Org, team: Team) -> list[Membership]:
    """The team's own members, then those of its child teams."""
    below = [child for child in org.teams.values() if child.parent is team]
    return [*team.members.values(), *(one for child in below for one in _members(org, child))]


_R, _O = "/repos/{owner}/{repo}", "/orgs/{org}"
_T, _M = _O + "/teams/{team_slug}", "members=read"
_PROTECTION = _R + "/branches/{branch}/protection"
ROUTES: list[Route] = [
    token_route("GET", _R + "/collaborators/{username}", "repos/check-collaborator", is_collaborator, "metadata=read"),
    token_route(
        "GET",
        _R + "/collaborators/{username}/permission",
        "repos/get-collaborator-permission-level",
        permission,
        "metadata=read",
    ),
    token_route("GET", _O + "/members/{username}", "orgs/check-membership-for-user", is_member, _M),
    token_route("GET", _O + "/memberships/{username}", "orgs/get-membership-for-user", org_membership, _M),
    token_route("GET", _T, "teams/get-by-name", get_team, _M),
    token_route("GET", _T + "/members", "teams/list-members-in-org", list_team, _M),
    token_route("GET", _T + "/memberships/{username}", "teams/get-membership-for-user-in-org", team_membership, _M),
    token_route("GET", _R + "/rules/branches/{branch}", "repos/get-branch-rules", branch_rules, "metadata=read"),
    token_route("GET", _PROTECTION, "repos/get-branch-protection", protection, "administration=read"),
    token_route(
        "GET",
        _PROTECTION + "/required_status_checks",
        "repos/get-status-checks-protection",
        status_protection,
        "administration=read",
    ),
]

"""People, organisations, teams, Apps and installations as JSON."""

from sandbox.github.model import JSON, Account, App, Installation, Membership, Org, Team
from sandbox.github.urls import Urls, node_id, stamp


def show_account(urls: Urls, account: Account) -> JSON:
    api = urls.user(account)
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("U_", account.id),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": urls.profile(account),
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def show_org(urls: Urls, org: Org) -> JSON:
    api = f"{urls.api}/orgs/{org.login}"
    return {
        "login": org.login,
        "id": org.id,
        "node_id": node_id("O_", org.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{org.id}?v=4",
        "description": "",
    }


def show_app(urls: Urls, app: App) -> JSON:
    page = f"{urls.web}/apps/{app.slug}"
    return {
        "id": app.id,
        "slug": app.slug,
        "client_id": app.client_id,
        "node_id": node_id("A_", app.id),
        "owner": show_account(urls, app.owner),
        "name": app.name,
        "description": "",
        "external_url": page,
        "html_url": page,
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.created_at),
        "permissions": app.permissions,
        "events": list(app.events),
    }


def show_installation(urls: Urls, installation: Installation) -> JSON:
    api = f"{urls.api}/app/installations/{installation.id}"
    account, by = installation.account, installation.suspended_by
    return {
        "id": installation.id,
        "client_id": installation.app.client_id,
        "account": show_account(urls, account),
        "repository_selection": "all" if installation.repositories is None else "selected",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{urls.api}/installation/repositories",
        "html_url": f"{urls.web}/organizations/{account.login}/settings/installations/{installation.id}",
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": account.id,
        "target_type": account.kind,
        "permissions": installation.permissions,
        "events": list(installation.app.events),
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": show_account(urls, by) if by else None,
        "suspended_at": stamp(installation.suspended_at),
    }


def show_org_membership(urls: Urls, org: Org, membership: Membership) -> JSON:
    return {
        "url": f"{urls.api}/orgs/{org.login}/memberships/{membership.user.login}",
        "state": membership.state,
        "role": membership.role,
        "organization_url": f"{urls.api}/orgs/{org.login}",
        "organization": show_org(urls, org),
        "user": show_account(urls, membership.user),
    }


def show_team_membership(urls: Urls, team: Team, membership: Membership) -> JSON:
    return {
        "url": f"{_team_api(urls, team)}/memberships/{membership.user.login}",
        "role": membership.role,
        "state": membership.state,
    }


def show_team(urls: Urls, team: Team) -> JSON:
    """The long form of `GET /orgs/{org}/teams/{slug}`."""
    parent = _team_core(urls, team.parent) if team.parent else None
    return _team_core(urls, team) | {
        "parent": parent,
        "members_count": len(team.members),
        "repos_count": 0,
        "created_at": stamp(team.created_at),
        "updated_at": stamp(team.created_at),
        "organization": show_account(urls, team.org)
        | show_org(urls, team.org)
        | {
            "type": "Organization",
            "has_organization_projects": True,
            "has_repository_projects": True,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": stamp(team.org.created_at),
            "updated_at": stamp(team.org.created_at),
            "archived_at": None,
        },
    }


def _team_api(urls: Urls, team: Team) -> str:
    return f"{urls.api}/organizations/{team.org.id}/team/{team.id}"


def _team_core(urls: Urls, team: Team) -> JSON:
    api = _team_api(urls, team)
    return {
        "id": team.id,
        "node_id": node_id("T_", team.id),
        "url": api,
        "html_url": f"{urls.web}/orgs/{team.org.login}/teams/{team.slug}",
        "name": team.slug,
        "slug": team.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "members_url": f"{api}/members{{/member}}",
        "repositories_url": f"{api}/repos",
        "type": "organization",
        "organization_id": team.org.id,
    }

"""People, organisations, teams, repositories and who may do what."""

from collections.abc import Iterable, Sequence
from typing import Literal

from sandbox.github.errors import RefusedError
from sandbox.github.events import Events
from sandbox.github.model import (
    Account,
    Membership,
    Org,
    Protection,
    Repository,
    Required,
    Role,
    Team,
    User,
)
from sandbox.github.records import Comment, Review
from sandbox.github.state import Repo, Who

_ORDER: list[Role] = ["none", "read", "triage", "write", "maintain", "admin"]


class Accounts(Events):
    """What an administrator sets up."""

    def add_user(self, login: str) -> User:
        user = User(id=self.short_id(), login=login, created_at=self.clock())
        self._claim(user)
        return user

    def add_org(self, login: str, *, base_role: Role = "read") -> Org:
        org = Org(id=self.short_id(), login=login, created_at=self.clock(), base_role=base_role)
        self._claim(org)
        return org

    def add_member(
        self, org: Org | str, who: Who, *, role: str = "member", state: Literal["active", "pending"] = "active"
    ) -> Membership:
        """`role` is `member` or `admin`; a pending invitation gives no rights."""
        owner, user = self._org(org), self.user(who)
        membership = Membership(user=user, role=role, state=state)
        owner.members[user.login.lower()] = membership
        return membership

    def add_team(self, org: Org | str, slug: str, members: Iterable[Who] = (), *, parent: Team | None = None) -> Team:
        """Members also join the organisation."""
        owner = self._org(org)
        team = Team(id=self.short_id(), org=owner, slug=slug, parent=parent, created_at=self.clock())
        owner.teams[slug] = team
        for who in members:
            user = self.user(who)
            team.members[user.login.lower()] = Membership(user=user)
            if user.login.lower() not in owner.members:
                self.add_member(owner, user)
        return team

    def join_team(self, team: Team, who: Who, *, state: Literal["active", "pending"] = "active") -> None:
        """A pending invitation gives no rights; an active member joins the organisation too."""
        user = self.user(who)
        team.members[user.login.lower()] = Membership(user=user, state=state)
        if state == "active" and user.login.lower() not in team.org.members:
            self.add_member(team.org, user)

    def leave_team(self, team: Team, who: Who) -> None:
        """Whoever is no member stays none."""
        team.members.pop(self.user(who).login.lower(), None)

    def delete_user(self, who: Who) -> None:
        """Everything they wrote is the ghost's from now on, and their login is free to be taken."""
        user, ghost = self.user(who), self._account("ghost")
        del self.accounts[user.login.lower()]
        for org in (each for each in self.accounts.values() if isinstance(each, Org)):
            for members in (org.members, *(team.members for team in org.teams.values())):
                members.pop(user.login.lower(), None)
        for repository in self.repositories.values():
            repository.roles.pop(user.login.lower(), None)
            written: list[Comment | Review] = [*repository.comments.values()]
            for each in (*written, *(review for pull in repository.pulls.values() for review in pull.reviews)):
                each.user = ghost if each.user is user else each.user

    def add_repository(
        self,
        full_name: str,
        *,
        default_branch: str = "main",
        private: bool = True,
        fork_of: Repository | None = None,
        files: dict[str, str] | None = None,
    ) -> Repository:
        """With a first commit on the default branch; a fork shares its parent's history."""
        login, name = full_name.split("/", 1)
        owner = self.accounts.get(login.lower())
        if owner is None:
            owner = self.add_org(login)
        now = self.clock()
        repository = Repository(
            id=self.short_id(),
            owner=owner,
            name=name,
            private=private,
            default_branch=default_branch,
            created_at=now,
            pushed_at=now,
            fork_of=fork_of,
        )
        self.repositories[repository.id] = repository
        self._fill(repository, files or {"README.md": f"# {name}\n"})
        return repository

    def grant(self, repo: Repo, to: Who | Team, role: Role, *, name: str = "") -> None:
        """Make a person or a team a collaborator; `none` takes it away. `name`: a role of the organisation's own."""
        repository = self.repository(repo)
        if isinstance(to, Team):
            repository.team_roles[to.slug] = role
            return
        login = self.user(to).login.lower()
        repository.roles[login] = role
        repository.role_names[login] = name

    def role_name_of(self, repository: Repository, user: User) -> str:
        """The name of the role as the organisation has it, which may be none of GitHub's five."""
        role, login = self.role_of(repository, user), user.login.lower()
        return repository.role_names.get(login) or role if repository.roles.get(login) == role else role

    def role_of(self, repository: Repository, user: User) -> Role:
        """The strongest of ownership, direct role, teams (parents' rights included) and the base role."""
        found: list[Role] = [repository.roles.get(user.login.lower(), "none")]
        if repository.owner is user:
            found.append("admin")
        if not repository.private:
            found.append("read")
        if isinstance(repository.owner, Org):
            found += self._roles_in_org(repository, repository.owner, user)
        return max(found, key=_ORDER.index)

    def rename_repository(self, repo: Repo, name: str, *, by: Who | None = None) -> None:
        """The old address answers with a redirect from now on; `by` is who is named as sender."""
        repository = self.repository(repo)
        old = repository.name
        self.renames[repository.full_name.lower()] = repository.id
        repository.name = name
        self.renames.pop(repository.full_name.lower(), None)
        self.emit(
            "repository",
            "renamed",
            repository=repository,
            sender=self.user(by) if by else repository.owner,
            body={"changes": {"repository": {"name": {"from": old}}}},
        )

    def protect(
        self,
        repo: Repo,
        branch: str,
        required: Sequence[tuple[str, int | None]],
        how: Literal["ruleset", "classic"] = "ruleset",
    ) -> None:
        """Require checks before merging: (name, id of the App that must set it or None)."""
        rule = Protection(
            required=[Required(context=name, integration_id=app) for name, app in required],
            how=how,
            ruleset_id=self.short_id(),
        )
        kept = [old for old in self.repository(repo).protections.get(branch, []) if old.how != how]
        self.repository(repo).protections[branch] = [*kept, rule]

    def _fill(self, repository: Repository, files: dict[str, str]) -> None:
        if repository.fork_of:
            repository.refs = dict(repository.fork_of.refs)
            repository.objects = repository.fork_of.objects
            return
        owner = repository.owner
        author = owner if isinstance(owner, User) else self._web_flow()
        first = self.keep_commit(repository, files=files, parents=[], message="Initial commit", author=author)
        repository.refs[f"refs/heads/{repository.default_branch}"] = first.sha

    def _web_flow(self) -> User:
        """The account GitHub's own web commits are made with."""
        return self._account("web-flow")

    def _account(self, login: str) -> User:
        found = self.accounts.get(login)
        return found if isinstance(found, User) else self.add_user(login)

    def _roles_in_org(self, repository: Repository, org: Org, user: User) -> list[Role]:
        membership = org.members.get(user.login.lower())
        if membership is None or membership.state != "active":
            return []
        found: list[Role] = ["admin" if membership.role == "admin" else org.base_role]
        for team in org.teams.values():
            if user.login.lower() in team.members:
                found += [repository.team_roles.get(above.slug, "none") for above in _with_parents(team)]
        return found

    def _org(self, org: Org | str) -> Org:
        return org if isinstance(org, Org) else self.org(org)

    def _claim(self, account: Account) -> None:
        if account.login.lower() in self.accounts:
            raise RefusedError(422, f"The login {account.login} is taken")
        self.accounts[account.login.lower()] = account


def _with_parents(team: Team) -> list[Team]:
    above = [team]
    while above[-1].parent:
        above.append(above[-1].parent)
    return above

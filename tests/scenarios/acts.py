"""What people, CI and trouble do in a scenario. A `tag` is a pull request's name in its row."""

import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Literal

from sandbox.control.ci import run_ci
from sandbox.github import Fault
from sandbox.github.model import Role
from tests.e2e.runner import JSON, greenlane
from tests.scenarios.row import Act
from tests.scenarios.scene import Scene

Does = Callable[[Scene], Awaitable[None]]
_LINES = re.compile(r"(?<!`)`(/[^`]+)`")


def opens(tag: str, *, by: str = "alice", base: str = "main", fork: bool = False, image: str = "ok") -> Act:
    """A pull request with one commit; from somebody's fork, if `fork`."""

    async def do(scene: Scene) -> None:
        author, branch = scene.world.user(scene.login(by)), f"branch-{tag}"
        source = scene.repository
        if fork:
            name = f"{author.login}/{source.name}"
            source = scene.world.add_repository(name, default_branch=source.default_branch, fork_of=source)
        scene.world.push(source, branch, author=author, files={f"{tag}.py": "1\n"}, message=f"Change {tag}")
        head = f"{author.login}:{branch}" if fork else branch
        pull = scene.world.open_pull(scene.repository, head=head, base=base, title=f"Change {tag}", author=author)
        scene.pulls[tag] = pull
        scene.stage.worlds.behaviours[scene.repository.id, pull.number] = image
        await scene.until(scene.on_the_way, lambda left: not left)
        await scene.until(scene.second_is_over, bool)

    return Act(name=f"{by} opens {tag}", do=do)


def pushes(tag: str, *, by: str = "alice", force: bool = False, heard: bool = True) -> Act:
    """One more commit on the pull request's branch. What follows does not wait for its webhook unless `heard`."""

    async def do(scene: Scene) -> None:
        pull = scene.pulls[tag]
        assert pull.head_repository is not None
        files = {f"{tag}-more.py": f"{len(scene.world.deliveries)}\n"}
        scene.world.push(
            pull.head_repository, pull.head_ref, author=scene.login(by), files=files, message="More", force=force
        )
        if heard:
            await scene.until(scene.on_the_way, lambda left: not left)
            await scene.until(scene.second_is_over, bool)

    return Act(name=f"{by} pushes to {tag}", do=do)


def pushes_to(branch: str, note: str, *, by: str = "alice", force: bool = False) -> Act:
    """A commit on a branch, known as `note` from now on."""

    async def do(scene: Scene) -> None:
        files = {f"{note}.py": "1\n"}
        scene.notes[note] = scene.world.push(
            scene.repository, branch, author=scene.login(by), files=files, message=note, force=force
        )

    return Act(name=f"{by} pushes {note} to {branch}", do=do)


def notes(name: str, text: str) -> Act:
    """Keep a text, a commit mostly, under a name."""

    async def do(scene: Scene) -> None:
        scene.notes[name] = scene.text(text)

    return Act(name=f"{name} is {text}", do=do)


def merges(tag: str, *, by: str = "bob", method: Literal["merge", "squash", "rebase"] = "merge") -> Act:
    async def do(scene: Scene) -> None:
        scene.world.merge(scene.repository, scene.pulls[tag].number, by=scene.login(by), method=method)

    return Act(name=f"{by} merges {tag}", do=do)


def closes(tag: str, *, by: str = "alice") -> Act:
    async def do(scene: Scene) -> None:
        scene.world.close(scene.repository, scene.pulls[tag].number, by=scene.login(by))

    return Act(name=f"{by} closes {tag}", do=do)


def ci(tag: str, result: str = "pass", *, image: str | None = None) -> Act:
    """CI of what a pull request is now, or of a noted commit: pushes the image, then reports its checks."""

    async def do(scene: Scene) -> None:
        sha, worlds = scene.sha(tag), scene.stage.worlds
        await run_ci(worlds, scene.repository, sha, passes=result == "pass", behaviour=image)

    return Act(name=f"CI of {tag}: {result}", do=do)


def deployed(tag: str, *, by: str = "alice", env: str = "staging") -> tuple[Act, ...]:
    """Opened, merged, tested and deployed by itself."""
    return opens(tag, by=by), merges(tag), ci(tag), reaches(tag, "succeeded", env=env)


def merged(tag: str, *, by: str = "alice", image: str = "ok") -> tuple[Act, ...]:
    """Opened, merged and tested."""
    return opens(tag, by=by, image=image), merges(tag), ci(tag)


def says(line: str, *, on: str = "a", by: str = "alice", times: int = 1) -> Act:
    async def do(scene: Scene) -> None:
        number, body = scene.pulls[on].number, scene.text(line)
        for _ in range(times):
            scene.comments.append(scene.world.comment(scene.repository, number, scene.login(by), body))

    return Act(name=f"{by} says {line[:60]!r} on {on}", do=do)


def bot_says(line: str, *, on: str = "a") -> Act:
    """Another App's bot does."""

    async def do(scene: Scene) -> None:
        app = scene.world.add_app(f"{scene.app} helper")
        body, number = scene.text(line), scene.pulls[on].number
        scene.comments.append(scene.world.comment(scene.repository, number, app.bot, body, app=app))

    return Act(name=f"a bot says {line!r}", do=do)


def edits(line: str, *, by: str = "alice") -> Act:
    """The last comment."""

    async def do(scene: Scene) -> None:
        scene.world.edit_comment(scene.comments[-1], scene.login(by), scene.text(line))

    return Act(name=f"{by} edits it to {line!r}", do=do)


def deletes(*, by: str = "alice") -> Act:
    async def do(scene: Scene) -> None:
        scene.world.delete_comment(scene.comments[-1], scene.login(by))

    return Act(name=f"{by} deletes it", do=do)


def pastes(*, on: str = "a", by: str = "alice", which: int = 0) -> Act:
    """The line that the newest answer offers, as a comment of its own; `which` of several."""

    async def do(scene: Scene) -> None:
        answer = [each for each in scene.from_bot(on) if "greenlane:reply:" in each][-1]
        offered = _LINES.findall(answer.partition("\n\n")[2])
        body = offered[which]
        scene.comments.append(scene.world.comment(scene.repository, scene.pulls[on].number, scene.login(by), body))

    return Act(name=f"{by} pastes the line offered", do=do)


def clicks(button: str, tag: str, *, by: str = "alice", env: str = "staging") -> Act:
    """A button of the bot's newest check run on the commit."""

    async def do(scene: Scene) -> None:
        sha, name = scene.sha(tag), f"greenlane / {env}"

        def shown() -> list[object]:
            runs = [
                run
                for run in scene.repository.runs.values()
                if run.head_sha == sha and run.name == name and run.status == "completed"
            ]
            return [run for run in runs if any(each["identifier"] == button for each in run.actions)]

        found = await scene.until(shown, bool)
        scene.world.press_button(found[-1], button, by=scene.login(by))  # type: ignore[arg-type]

    return Act(name=f"{by} clicks on {button} of {tag}", do=do)


def reviews(tag: str, *, by: str = "bob", state: Literal["APPROVED", "CHANGES_REQUESTED"] = "APPROVED") -> Act:
    async def do(scene: Scene) -> None:
        scene.world.review(scene.pulls[tag], by=scene.login(by), state=state, body="seen")

    return Act(name=f"{by} reviews {tag}", do=do)


def dismisses(tag: str, *, by: str = "alice") -> Act:
    async def do(scene: Scene) -> None:
        pull = scene.pulls[tag]
        scene.world.dismiss_review(pull, pull.reviews[-1].id, by=scene.login(by))

    return Act(name=f"{by} dismisses the review of {tag}", do=do)


def grants(role: Role, to: str, *, name: str = "") -> Act:
    async def do(scene: Scene) -> None:
        scene.world.grant(scene.repository, scene.login(to), role, name=name)

    return Act(name=f"{to} has {role}", do=do)


def leaves(who: str, team: str = "crew") -> Act:
    async def do(scene: Scene) -> None:
        scene.world.leave_team(scene.world.org(scene.owner).teams[team], scene.login(who))

    return Act(name=f"{who} leaves {team}", do=do)


def joins(who: str, team: str = "crew", *, state: Literal["active", "pending"] = "active", below: str = "") -> Act:
    """A team that is not there is made, below another one if that is named."""

    async def do(scene: Scene) -> None:
        org = scene.world.org(scene.owner)
        if team not in org.teams:
            scene.world.add_team(org, team, parent=org.teams[below] if below else None)
        scene.world.join_team(org.teams[team], scene.login(who), state=state)

    return Act(name=f"{who} is {state} in {team}", do=do)


def appears(who: str, role: Role = "write", team: str = "crew") -> Act:
    """A new account of that login, with rights."""

    async def do(scene: Scene) -> None:
        user = scene.world.add_user(scene.login(who))
        scene.world.add_member(scene.owner, user)
        scene.world.grant(scene.repository, user, role)
        if team:
            scene.world.join_team(scene.world.org(scene.owner).teams[team], user)

    return Act(name=f"{who} appears", do=do)


def vanishes(who: str) -> Act:
    async def do(scene: Scene) -> None:
        scene.world.delete_user(scene.login(who))

    return Act(name=f"{who} deletes the account", do=do)


def breaks(operation: str = "", *, kind: str = "html", path: str = "", times: int | None = 1, **how: object) -> Act:
    """GitHub, for this scenario only, until `mends` or so many times."""

    async def do(scene: Scene) -> None:
        where: JSON = {"operation": operation or None}
        where |= {"path": path.format(owner=scene.owner)} if path else {"repository": scene.name}
        values: JSON = {"kind": kind, "times": times} | where | how
        scene.faults.append(scene.world.faults.add(Fault(**values)))

    return Act(name=f"GitHub breaks at {operation or path}: {kind}", do=do)


def mends() -> Act:
    async def do(scene: Scene) -> None:
        for fault in scene.faults:
            scene.world.faults.planned.remove(fault)
        scene.faults.clear()

    return Act(name="GitHub mends", do=do)


def cluster_breaks(**how: object) -> Act:
    """The cluster, in the scenario's staging."""

    async def do(scene: Scene) -> None:
        scene.stage.worlds.cluster.add_fault(how | {"namespace": f"{scene.app}-staging"})

    return Act(name="the cluster breaks", do=do)


def lock_ages(**by: float) -> Act:
    """The scenario's lock was set, and ends, so much earlier; done to the database of a bot that is not there."""

    async def do(scene: Scene) -> None:
        back = timedelta(**by)
        with closing(sqlite3.connect(scene.stage.bot.folder / "greenlane.db")) as database:
            found = database.execute("SELECT id, set_at, expires_at FROM locks WHERE app = ?", (scene.app,)).fetchall()
            for number, *moments in found:
                earlier = [f"{datetime.fromisoformat(each) - back:%Y-%m-%d %H:%M:%S.%f}" for each in moments]
                database.execute("UPDATE locks SET set_at = ?, expires_at = ? WHERE id = ?", (*earlier, number))
            database.commit()

    return Act(name="time passes for the lock", do=do)


def ages(**by: float) -> Act:
    """The last comment was written so long ago."""

    async def do(scene: Scene) -> None:
        comment = scene.comments[-1]
        comment.created_at -= timedelta(**by)
        comment.updated_at = comment.created_at

    return Act(name="the comment is old", do=do)


def operator(*arguments: str) -> Act:
    """A command of the platform team; it has to go well."""

    async def do(scene: Scene) -> None:
        words = [each.format(app=scene.app) for each in arguments]
        code, out, error = await greenlane(*words, settings=scene.stage.bot.settings)
        assert code == 0, (out, error)

    return Act(name=f"greenlane {' '.join(arguments)}", do=do)


def redelivers() -> Act:
    """GitHub brings the last comment's webhook once more."""

    async def do(scene: Scene) -> None:
        wanted = scene.comments[-1].id
        mine = [each for each in scene.world.deliveries if each.event == "issue_comment" and each.action == "created"]
        found = next(each for each in reversed(mine) if each.payload["comment"]["id"] == wanted)
        scene.world.redeliver(found.id)

    return Act(name="the webhook is redelivered", do=do)


def dies() -> Act:
    """kill -9, once all scenarios of the stage are here."""

    async def do(scene: Scene) -> None:
        await scene.gates.dies.wait()

    return Act(name="the bot dies", do=do)


def lives() -> Act:
    """The bot is started again, once all scenarios of the stage are here."""

    async def do(scene: Scene) -> None:
        await scene.gates.lives.wait()

    return Act(name="the bot lives", do=do)


# What has to be seen


def settles() -> Act:
    """The bot has worked off every webhook of the scenario."""

    async def do(scene: Scene) -> None:
        await scene.until(scene.unsettled, lambda left: not left)

    return Act(name="all is worked off", do=do)


def silence(*, on: str = "a") -> tuple[Act, ...]:
    """No answer, no reaction, nothing of a deploy."""

    async def do(scene: Scene) -> None:
        assert scene.comments[-1].reactions == []
        assert scene.from_bot(on) == []

    return settles(), Act(name="silence", do=do)


def reacts(*contents: str) -> Act:
    """The bot's reactions to the last comment, all of them."""

    async def do(scene: Scene) -> None:
        await scene.until(lambda: scene.reactions(scene.comments[-1]), lambda seen: seen == set(contents))

    return Act(name=f"reactions {' '.join(contents)}", do=do)


def answers(*words: str, on: str = "a") -> Act:
    """An answer to a command has all the words."""
    return _told(on, words, lambda body: "greenlane:reply:" in body, "an answer")


def tells(*words: str, on: str = "a") -> Act:
    """Some comment of the bot has all the words."""
    return _told(on, words, lambda _: True, "a comment")


def shows_no_button(tag: str, *, env: str = "staging") -> Act:
    """The bot's check run on the commit is there, and nothing to click on it."""

    async def do(scene: Scene) -> None:
        sha, name = scene.sha(tag), f"greenlane / {env}"

        def look() -> list[int]:
            runs = scene.repository.runs.values()
            return [len(run.actions) for run in runs if run.head_sha == sha and run.name == name]

        await scene.until(look, lambda seen: seen == [0])

    return Act(name=f"no button on {tag}", do=do)


def keeps_quiet(*words: str, on: str = "a") -> Act:
    """No comment of the bot has any of the words."""

    async def do(scene: Scene) -> None:
        found = [body for body in scene.from_bot(on) if any(scene.text(word) in body for word in words)]
        assert not found, found

    return Act(name=f"nothing says {words}", do=do)


def _told(on: str, words: tuple[str, ...], fits: Callable[[str], bool], what: str) -> Act:
    async def do(scene: Scene) -> None:
        wanted = [scene.text(word) for word in words]

        def found(bodies: list[str]) -> bool:
            return any(fits(body) and all(word in body for word in wanted) for body in bodies)

        await scene.until(lambda: scene.from_bot(on), found)

    return Act(name=f"{what} on {on} has {words}", do=do)


def comments(count: int, *, on: str = "a") -> Act:
    """So many comments of the bot there are, once all is worked off."""

    async def do(scene: Scene) -> None:
        await scene.until(lambda: scene.from_bot(on), lambda seen: len(seen) == count)

    return Act(name=f"{count} comments on {on}", do=do)


def runs(tag: str, *, env: str = "staging", app: str = "") -> Act:
    """The workload asks for the commit's image; `v1` is the one of before."""

    async def do(scene: Scene) -> None:
        wanted = "v1" if tag == "v1" else scene.sha(tag)
        await scene.until(lambda: scene.image(env, app=scene.text(app)), lambda seen: f":{wanted}" in seen)

    return Act(name=f"{tag} runs in {env}", do=do)


def waits(tag: str, reason: str, *words: str, env: str = "staging") -> Act:
    """The intent of a commit waits for that reason, and its sentence has the words."""

    async def do(scene: Scene) -> None:
        wanted = [scene.text(word) for word in words]

        def holds(lines: list[JSON]) -> bool:
            return any(line["reason"] == reason and all(word in line["detail"] for word in wanted) for line in lines)

        await scene.until(lambda: scene.moved("intent_waits", tag, env), holds)

    return Act(name=f"{tag} waits in {env}: {reason}", do=do, wait=reason)


def reaches(tag: str, state: str, *, env: str = "staging", times: int = 1) -> Act:
    """An intent of the commit has come to that state so often."""

    async def do(scene: Scene) -> None:
        def holds(lines: list[JSON]) -> bool:
            return sum(line["state"] == state for line in lines) >= times

        await scene.until(lambda: scene.moved("intent_moved", tag, env), holds)

    return Act(name=f"{tag} is {state} in {env}", do=do)


def shows(tag: str, *states: str, env: str = "staging") -> Act:
    """GitHub's deployments of the commit, oldest first, are in these states."""

    async def do(scene: Scene) -> None:
        def look() -> list[str]:
            return [each.state for each in scene.deployments(tag, env)]

        await scene.until(look, lambda seen: seen == list(states))

    return Act(name=f"GitHub shows {tag} as {states} in {env}", do=do)


def untouched(env: str = "staging") -> tuple[Act, ...]:
    """Nothing was deployed to an environment."""
    return settles(), runs("v1", env=env)

"""resolving_image: the tag becomes a digest we hashed ourselves, of the right commit and platform."""

from bot.domain.image import fits, revision_conflict
from bot.domain.intent import Facts, Intent, State
from bot.engine.outcome import CatalogRow, Move, Outcome
from bot.engine.tools import Tools
from bot.errors import RejectedError
from bot.storage import intents

LOOK_BACK = 50
"""Earlier deploys whose images a node may still hold."""


async def run(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    try:
        tag = row.app.tag.render(sha=intent.sha, branch=intent.branch, pull_request=intent.pull_request)
    except ValueError as error:
        raise RejectedError("tag_not_known", str(error)) from error
    image = await tools.registry.resolve(repository=row.app.image.text, tag=tag)
    conflict = revision_conflict(image.labels, intent.sha)
    if conflict:
        return Move(state=State.REFUSED, reason="revision_mismatch", detail=conflict)
    misfit = fits(image.platforms, await tools.cluster.node_platforms())
    if misfit:
        return Move(state=State.REFUSED, reason="platform_mismatch", detail=misfit)
    accepted = frozenset({image.digest}) | image.platform_digests
    facts = Facts(
        image=image.pinned,
        digest=image.digest,
        accepted_digests=accepted | await _same_bytes(tools, intent, image.platform_digests),
    )
    return Move(state=State.QUEUED, detail=f"{image.repository}:{image.tag} is {image.digest}", facts=facts)


async def _same_bytes(tools: Tools, intent: Intent, platforms: frozenset[str]) -> frozenset[str]:
    """Indexes deployed here before that hold the very platform image of ours.

    A build that changes nothing gets a new index over the same manifest, and a node that has both may name either.
    """
    async with tools.database.begin() as connection:
        before = await intents.history(connection, target_key=intent.target.key, limit=LOOK_BACK)
    return frozenset(each.digest for each in before if each.digest and each.accepted_digests & platforms)

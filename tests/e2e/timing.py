"""When checks were heard of as green, by the bot's own log: what speed is measured from."""

from collections.abc import Mapping
from datetime import datetime

from tests.e2e.stage import Stage


async def heard_green(stage: Stage) -> Mapping[str, datetime]:
    """Commit → when the first webhook that shows its last green check was stored, just before it was answered 202.

    A created check run that has its conclusion already comes as two webhooks; the first one counts.
    """
    first: dict[tuple[str, str], str] = {}
    for delivery in await stage.door.get("/deliveries"):
        if delivery["event"] == "check_run":
            run = (await stage.door.get(f"/deliveries/{delivery['id']}"))["payload"]["check_run"]
            if run["conclusion"] == "success":
                first.setdefault((run["head_sha"], run["name"]), delivery["guid"])
    taken = {line["delivery"]: datetime.fromisoformat(line["timestamp"]) for line in stage.bot.log("delivery_taken")}
    heard: dict[str, datetime] = {}
    for (sha, name), guid in first.items():
        if not name.startswith("greenlane / "):
            heard[sha] = max(taken[guid], heard.get(sha, taken[guid]))
    return heard

"""Two bots on one PostgreSQL, both hearing every webhook: one merge is still one deploy."""

import asyncio
import json

import aiohttp

from tests.conftest import _fresh_postgres
from tests.e2e.runner import Bot, free_port, greenlane
from tests.e2e.scenery import app, open_stage
from tests.e2e.stage import Stage

NAMES = ("one", "two", "three")


async def test_two_replicas_deploy_each_merge_once(tmp_path, app_key, postgres_url):
    settings = {"GREENLANE_DATABASE_URL": await _fresh_postgres(postgres_url)}
    async with open_stage(tmp_path, *map(app, NAMES), key=app_key, bot_starts=False, **settings) as stage:
        assert (await greenlane("migrate", settings=stage.bot.settings))[0] == 0
        listen = {"GREENLANE_LISTEN": f"127.0.0.1:{free_port()}"}
        second = Bot(settings=stage.bot.settings | listen, folder=stage.bot.folder, name="second")
        try:
            await asyncio.gather(stage.bot.start(), second.start())

            merged = [await stage.merge(name) for name in NAMES]
            await asyncio.gather(*[stage.ci(one) for one in merged])
            await _repeat_webhooks(stage, second)

            await asyncio.gather(*[stage.deployed_once(one) for one in merged])
            found = {each["app"]: each["state"] for each in await stage.intents()}
            assert found == dict.fromkeys(NAMES, "succeeded")
            assert second.log("delivery_taken")
            worked = [{line["intent"] for line in bot.log("intent_moved")} for bot in (stage.bot, second)]
            assert worked[0] | worked[1] == {each["id"] for each in await stage.intents()}
        finally:
            await second.aclose()


async def _repeat_webhooks(stage: Stage, bot: Bot) -> None:
    """What the one replica was sent is sent to the other too, with the signature it came with."""
    await stage.door.get("/quiet")
    async with aiohttp.ClientSession() as session:
        for listed in await stage.door.get("/deliveries"):
            sent = await stage.door.get(f"/deliveries/{listed['id']}")
            body = json.dumps(sent["payload"], separators=(",", ":")).encode()  # as GitHub wrote and signed it
            async with session.post(f"{bot.address}/webhook", data=body, headers=sent["request_headers"]) as answer:
                assert answer.status == 202

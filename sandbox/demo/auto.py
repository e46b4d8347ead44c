"""`make demo AUTO=1`: the stories one after the other, a line a step, one JSON line at the end."""

import json
import sys
import time

import aiohttp

from sandbox.demo.door import Door, DoorRefusedError
from sandbox.demo.stories import STORIES
from sandbox.demo.telling import Step, Teller, UnmetError

PATIENCE = 90.0


async def play(address: str, *, cluster: str, patience: float = PATIENCE) -> bool:
    """True when every step held. The last line printed is the JSON object."""
    begin = time.monotonic()
    async with Door(address) as door:
        teller = Teller(door=door, tell=_tell, patience=patience)
        writes: dict[str, int] = {}
        for letter, (title, story) in STORIES.items():
            teller.story = letter
            say(f"\n{letter}) {title}")
            before = len(await door.get("/requests?writes=1"))
            try:
                await story(teller)
            except UnmetError:
                pass
            except (DoorRefusedError, aiohttp.ClientError, TimeoutError) as error:
                teller.steps.append(
                    Step(story=letter, says="the door answers", holds=False, seconds=0, seen=str(error))
                )
                _tell(teller.steps[-1])
            writes[letter] = len(await door.get("/requests?writes=1")) - before
    return _sum_up(teller.steps, seconds=time.monotonic() - begin, cluster=cluster, writes=writes)


def _sum_up(steps: list[Step], *, seconds: float, cluster: str, writes: dict[str, int]) -> bool:
    failed = [step for step in steps if not step.holds]
    told = {
        "passed": len(steps) - len(failed),
        "failed": len(failed),
        "stories": {letter: all(step.holds for step in steps if step.story == letter) for letter in STORIES},
        "cluster": cluster,
        "seconds": round(seconds, 1),
        "github_writes": writes,
        "failures": [{"story": step.story, "step": step.says, "seen": step.seen} for step in failed],
    }
    say("")
    say(json.dumps(told, ensure_ascii=False))
    return not failed


def _tell(step: Step) -> None:
    say(f"   {'✓' if step.holds else '✗'} {step.says}  {step.seconds:.1f} s")
    if step.seen:
        say(f"     {step.seen}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

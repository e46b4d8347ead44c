"""kubectl and helm as programs: where they are, what they are told, how they end."""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.build import HELM, KUBECTL, built
from tests.testbed.cases.case import Object

_OVERTIME = 30.0
"""Seconds after which a program that does not keep its own limit is ended."""


class ProgramError(RuntimeError):
    """A program that had to succeed did not; the text has its output."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command that talks to the test bed, with a home of its own."""

    binary: Path
    kubeconfig: Path
    home: Path

    async def call(self, *words: str, limit: float) -> tuple[int, str]:
        """Exit code and output; one that overruns `limit` seconds is ended, with a code below zero."""
        process = await asyncio.create_subprocess_exec(
            self.binary, *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env=self._environment(),
        )  # fmt: skip
        reading = asyncio.ensure_future(process.communicate())
        try:
            async with asyncio.timeout(limit + _OVERTIME):
                output, _ = await asyncio.shield(reading)
        except TimeoutError:
            process.kill()
            output, _ = await reading
        return process.returncode or 0, output.decode(errors="replace")

    async def must(self, *words: str, limit: float) -> None:
        """As `call`. Raises `ProgramError` with the output when it fails."""
        code, output = await self.call(*words, limit=limit)
        if code:
            raise ProgramError(f"{self.binary.name} {' '.join(words)} failed:\n{output}")

    def _environment(self) -> dict[str, str]:
        homes = {f"HELM_{name}_HOME": str(self.home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        return {"PATH": os.environ["PATH"], "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), **homes}


def kubectl(kubeconfig: Path, home: Path) -> Program:
    """Built the first time."""
    return Program(built(KUBECTL) / "kubectl", kubeconfig, home)


def helm(kubeconfig: Path, home: Path) -> Program:
    """Built the first time."""
    return Program(built(HELM) / "helm", kubeconfig, home)


def write_manifest(file: Path, manifest: Object) -> str:
    """JSON is YAML; returns the path."""
    file.write_text(json.dumps(manifest, indent=1))
    return str(file)


def make_chart(folder: Path, manifest: Object) -> str:
    """A minimal chart of one object, nothing in it taken for a template; returns the path."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    write_manifest(folder / "workload.json", manifest)
    (folder / "templates" / "workload.yaml").write_text('{{ .Files.Get "workload.json" }}\n')
    return str(folder)

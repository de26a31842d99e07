"""Everything on one machine: ``cloud up``."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from deploy import places, preflight, processes, services, supervisor
from deploy.errors import OperatorError
from deploy.settings import Settings
from deploy.supervisor import Child, module

Say = Callable[[str], None]
SignIn = tuple[str, str, str]
"""What for, where, and as whom."""


class AlreadyRunningError(OperatorError):
    """This data is in use by another process."""


@dataclass(frozen=True)
class Options:
    """What may be asked of ``cloud up`` beyond the settings."""

    has_seed: bool = True
    is_fresh: bool = False
    is_verbose: bool = False


async def up(settings: Settings, options: Options, say: Say) -> None:
    """Start everything, say where to go, and keep it running until told to stop.

    Raises:
        OperatorError: a sentence, when it cannot start, or when one of the processes ends.
    """
    note = f"process {os.getpid()}, {settings.public_url}"
    try:
        with processes.claim(settings.data_dir, note):
            await supervisor.until_stopped(asyncio.create_task(_run(settings, options, say)))
    except processes.InUseError as error:
        raise AlreadyRunningError(
            f"Scenario Cloud already runs on the data in {settings.data_dir} ({error.note}): "
            "stop it first, or give another folder with --data."
        ) from None


async def _run(settings: Settings, options: Options, say: Say) -> None:
    begun = time.monotonic()
    preflight.check_ports(settings)
    if options.is_fresh:
        _refresh(settings)
    env = settings.environ() | places.shared_metrics(settings.data_dir)
    echo = say if options.is_verbose else None
    with services.servers(settings):
        await preflight.check_servers(settings)
        async with supervisor.running(settings.data_dir / "logs", env, echo) as children:
            signins = await _start(settings, children, options, say)
            say(announcement(settings, signins, time.monotonic() - begun))
            await children.watch()


async def _start(
    settings: Settings, children: supervisor.Supervisor, options: Options, say: Say
) -> Sequence[SignIn]:
    """Start what the next step needs before it: the seed talks to the sandbox, while the web is loading."""
    async with _meanwhile(children.start(*_sandbox(settings), *_apps(settings))):
        await _migrate(settings, say)
    signins: Sequence[SignIn] = ()
    address = f"http://{_host(settings.bind)}:{settings.port}/healthz"
    async with _meanwhile(children.start(Child("web", module("deploy", "serve"), address))):
        if options.has_seed and settings.environment != "production":
            signins = await _seed(settings, say)
    await children.start(Child("worker", module("deploy", "worker")))
    return signins


@asynccontextmanager
async def _meanwhile(start: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let something start during the block, which ends when both are done or either fails."""
    starting = asyncio.create_task(start)
    try:
        yield
        await starting
    finally:
        starting.cancel()


async def _migrate(settings: Settings, say: Say) -> None:
    from deploy.database import migrate, prepare  # noqa: PLC0415 (slow to import)

    preflight.need_owner(settings)
    await prepare(settings)
    applied = await migrate(settings)
    if applied:
        say(f"Database: applied {', '.join(applied)}")


async def _seed(settings: Settings, say: Say) -> Sequence[SignIn]:
    from deploy.seed import seed  # noqa: PLC0415 (slow to import)

    report = await seed(settings, lambda text: say(f"Demonstration: {text}"))
    signins: Sequence[SignIn] = report.signins
    return signins


def _refresh(settings: Settings) -> None:
    if not settings.has_embedded_database:
        raise OperatorError(
            "--fresh empties the embedded data only, and DATABASE_URL names a database outside."
        )
    places.empty(settings.data_dir)


def _sandbox(settings: Settings) -> list[Child]:
    if not settings.sandbox_port:
        return []
    return [Child("sandbox", sandbox_command(settings), f"http://127.0.0.1:{settings.sandbox_port}/")]


def _apps(settings: Settings) -> list[Child]:
    """Return the demonstration's apps, each a process that knows the product by its address alone."""
    folder = str(settings.data_dir / "apps")
    return [
        Child(
            f"app-{name}",
            module("deploy.sandbox.apps", name, "--port", url.rpartition(":")[2], "--data", folder),
            f"{url}/health",
        )
        for name, url in settings.app_urls.items()
    ]


def sandbox_command(settings: Settings) -> list[str]:
    """Return the command that runs the sandbox of these settings."""
    data = settings.data_dir / "sandbox"
    ports = ["--port", str(settings.sandbox_port), "--smtp-port", str(settings.sandbox_smtp_port)]
    return module("deploy.sandbox", *ports, "--data", str(data), "--public-url", settings.sandbox_url)


def announcement(settings: Settings, signins: Sequence[SignIn], seconds: float) -> str:
    """Return the block that tells a newcomer where to go and who to be."""
    rows = [("Product", settings.public_url, "")]
    if settings.sandbox_port:
        rows.append(
            ("Sandbox", settings.sandbox_url, "the bank, Stripe and the mailbox of this demonstration")
        )
    rows.append(("Data", str(settings.data_dir), "logs are in its folder logs"))
    lines = ["", f"Scenario Cloud runs, after {seconds:.1f} s.", "", *_columns(rows)]
    if signins:
        lines += ["", "Sign in as", *_columns([(label, url, who) for label, url, who in signins])]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


def _columns(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    first, second = (max(len(row[n]) for row in rows) for n in (0, 1))
    return [f"  {a:<{first}}  {b:<{second}}  {c}".rstrip() for a, b, c in rows]


def _host(bind: str) -> str:
    """The address at which this machine reaches a server bound to ``bind``."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind, bind)  # noqa: S104 (compared, not bound)


def say(text: str) -> None:
    """Print at once, even into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

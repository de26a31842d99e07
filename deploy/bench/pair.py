"""A page of ours and a bare page of the same rows, each served by Granian on one core; rounds alternate."""

from collections.abc import Mapping, Sequence
from typing import Any

from deploy import supervisor
from deploy.bench import cores
from deploy.bench.load import Load, drive
from deploy.sandbox.server import free_port
from deploy.settings import Settings
from deploy.supervisor import Child, module

DATABASE = "BENCH_DATABASE_URL"
WARM_UP = 0.2
"""The part of a round that comes before the first and is not counted."""


async def rounds(
    settings: Settings,
    ours: tuple[str, Mapping[str, str]],
    bare: tuple[str, str],
    env: Mapping[str, str],
    options: Mapping[str, int],
) -> tuple[Load, Load]:
    """Return the loads of our page (path and headers) and of the bare one (module and path).

    ``env`` is for the bare page, beside the database's address. Rounds alternate so that noise hits both.
    """
    port = free_port()
    database = settings.database_superuser_url.get_secret_value().replace("/postgres?", "/cloud?")
    given = settings.environ() | {DATABASE: database} | dict(env)
    async with supervisor.running(settings.data_dir / "logs", given) as children:
        urls = f"http://127.0.0.1:{settings.port}{ours[0]}", f"http://127.0.0.1:{port}{bare[1]}"
        await children.start(*_servers(settings, port, bare))
        loads = Load(), Load()
        with cores.on_others():
            for number in range(options["rounds"] + 1):
                for load, url in zip(loads, urls, strict=True):
                    told = {} if url is urls[1] else ours[1]
                    seconds = options["seconds"] * (1 if number else WARM_UP)
                    done = await drive(url, told, seconds=seconds, connections=options["connections"])
                    if number:
                        load.add(done)
    return loads


def _servers(settings: Settings, port: int, bare: tuple[str, str]) -> Sequence[Child]:
    at = ("--host", "127.0.0.1", "--port", str(port))
    command = module("granian", "--interface", "asgi", "--no-ws", *at, bare[0])
    return (
        Child("ours", cores.on_first(module("deploy", "serve")), f"http://127.0.0.1:{settings.port}/healthz"),
        Child("bare", cores.on_first(command), f"http://127.0.0.1:{port}{bare[1]}"),
    )


def figures(ours: Load, floor: Load) -> dict[str, Any]:
    """Return what the two came to."""
    return {
        "figure": round(ours.per_second, 1),
        "unit": "requests/s",
        "floor": round(floor.per_second, 1),
        "ratio": round(ours.per_second / floor.per_second, 3),
        "median_ms": ours.within_ms(50),
        "p99_ms": ours.within_ms(99),
        "floor_median_ms": floor.within_ms(50),
        "bytes": ours.bytes_each,
        "floor_bytes": floor.bytes_each,
        "is_one_core": cores.can_pin(),
    }

"""Confirmed payments a second: from the signed webhook, as a web process receives it, to ledger, receipt and outbox.

Every message passes the whole web application (in process, without sockets): signature, inbox, and in a transaction
of its own what a received payment means. Eight are in flight at a time. It is measured for one institution that gets
them all, and for payments spread over a thousand institutions; the floor is ``pgbench -N`` on the same server, with as
many clients, before, between and after; ``scale`` is its size, 10 a million accounts.
Offering the outbox to Redis is left out: the sweep would find it too.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from deploy import services
from deploy.bench.payments import Book, fill, left_behind
from deploy.bench.scratch import scratch
from deploy.settings import Settings

DEFAULTS: Mapping[str, int] = {
    "payments": 4000,
    "tenants": 1000,
    "connections": 8,
    "processes": 2,
    "seconds": 5,
    "scale": 10,
}
AIM = 0.35
_WARM_UP = 100
_PARENT, _OWN, _ENDED = 1, (11, 12), (13, 14)
"""Places in ``/proc/<pid>/stat`` after the name: the parent, own ticks, and those of children that have ended."""


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return payments a second of the slower of the two ways, both ways' own figures, and the floor of the run."""
    async with scratch() as settings:
        floor = Floor(settings, options)
        floor.prepare()
        hot = await _round(
            settings, await fill(settings, 1, tenants=1, payments=options["payments"]), floor, options
        )
        wide = await _round(
            settings,
            await fill(settings, 2, tenants=options["tenants"], payments=options["payments"]),
            floor,
            options,
        )
        floor.take()
    least = min(hot["figure"], wide["figure"])
    return {
        "figure": least,
        "unit": "payments/s",
        "floor": round(floor.per_second, 1),
        "floor_cpu_ms": floor.cpu_ms,
        "ratio": round(least / floor.per_second, 3),
        "aim": f"ratio >= {AIM}",
        "is_met": least / floor.per_second >= AIM,
        "hot": hot | {"ratio": round(hot["figure"] / floor.per_second, 3)},
        "wide": wide | {"ratio": round(wide["figure"] / floor.per_second, 3)},
        **options,
    }


async def _round(
    settings: Settings, book: Book, floor: "Floor", options: Mapping[str, int]
) -> dict[str, Any]:
    floor.take()
    before = database_cpu(settings)
    settled = _drive(settings, book, options)
    spent = (database_cpu(settings) - before) * 1000 / len(book.messages)
    wrong = await left_behind(settings, book)
    if wrong:
        raise RuntimeError(f"not every payment arrived whole: {wrong}")
    return settled | {"database_cpu_ms": round(spent, 3)}


def database_cpu(settings: Settings) -> float:
    """Return the processor seconds that the server and its sessions, living and ended, have used; 0 off Linux.

    On a machine that others use too, processor time tells more than the clock.
    """
    pid = (settings.data_dir / "postgres" / "postmaster.pid").read_text().split()[0]
    stats = {path.parent.name: _stat(path) for path in Path("/proc").glob("[0-9]*/stat")}
    sessions = [stat for stat in stats.values() if stat and stat[_PARENT] == pid]
    ticks = [int(stat[place]) for stat in sessions for place in _OWN]
    ticks += [int(stats[pid][place]) for place in (*_OWN, *_ENDED) if stats.get(pid)]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _stat(path: Path) -> list[str]:
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return []


def _drive(settings: Settings, book: Book, options: Mapping[str, int]) -> dict[str, Any]:
    """Have the web processes take their messages at the same time; the slowest ends the measure."""
    count = options["processes"]
    given = [book.messages[each::count] for each in range(count)]
    children = [
        _start(settings, messages, max(1, options["connections"] // count))
        for messages in given
        if len(messages) > _WARM_UP
    ]
    for child in children:
        _line(child)  # it is warm
    for child in children:
        _say(child)
    found = [json.loads(_line(child)) for child in children]
    for child in children:
        child.communicate()
    waits = sorted(wait for each in found for wait in each["waits_ms"])
    return {
        "figure": round(len(waits) / max(each["seconds"] for each in found), 1),
        "median_ms": waits[len(waits) // 2],
        "p99_ms": waits[len(waits) * 99 // 100],
        "web_cpu_ms": round(sum(each["cpu"] for each in found) * 1000 / len(waits), 3),
    }


def _start(settings: Settings, messages: Sequence[str], connections: int) -> "subprocess.Popen[str]":
    child = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "deploy.bench.taker", str(connections), str(_WARM_UP)],
        env=os.environ | settings.environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None  # noqa: S101 - asked for above
    child.stdin.write(json.dumps(list(messages)) + "\n")
    child.stdin.flush()
    return child


def _say(child: "subprocess.Popen[str]") -> None:
    assert child.stdin is not None  # noqa: S101 - a pipe
    child.stdin.write("go\n")
    child.stdin.flush()


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None  # noqa: S101 - a pipe
    found = child.stdout.readline()
    if not found:
        raise RuntimeError(f"a web process ended with {child.wait()}")
    return found


class Floor:
    """``pgbench -N`` in a database of its own on the same server; what several stretches gave is averaged."""

    def __init__(self, settings: Settings, options: Mapping[str, int]) -> None:
        self._url = settings.database_superuser_url.get_secret_value().replace("/postgres?", "/bench?")
        self._settings, self._options, self._found = settings, options, list[float]()
        self._cpu, self._done = 0.0, 0

    def prepare(self) -> None:
        """Make its database and fill its tables."""
        name, host = "bench", self._url.partition("host=")[2]
        _run("psql", "-q", "-h", host, "-U", "postgres", "-d", "postgres", "-c", f"create database {name}")
        _run("pgbench", "-i", "-q", "-s", str(self._options["scale"]), *self._to())

    def take(self) -> None:
        """Measure one stretch."""
        clients = str(self._options["connections"])
        threads = str(min(self._options["connections"], os.cpu_count() or 1))
        seconds = str(self._options["seconds"])
        before = database_cpu(self._settings) + _children_cpu()
        said = _run("pgbench", "-N", "-n", "-c", clients, "-j", threads, "-T", seconds, *self._to())
        figures = [line.split("=")[1].split()[0] for line in said.splitlines() if line.startswith("tps")]
        self._found.append(float(figures[0]))
        self._cpu += database_cpu(self._settings) + _children_cpu() - before
        self._done += int(self._found[-1] * self._options["seconds"])

    def _to(self) -> tuple[str, ...]:
        return "-h", self._url.partition("host=")[2], "-U", "postgres", "bench"

    @property
    def per_second(self) -> float:
        """Transactions a second."""
        return mean(self._found)

    @property
    def cpu_ms(self) -> float:
        """Processor time of one transaction, pgbench's own included."""
        return round(self._cpu * 1000 / self._done, 3)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(name: str, *arguments: str) -> str:
    tool: Path = services.postgres_binary(name)
    done = subprocess.run(  # noqa: S603 - a program of our own PostgreSQL
        [tool, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr}")
    return done.stdout

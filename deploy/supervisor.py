"""Runs the processes of one machine: starts them, waits until they answer, and stops all when one ends."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deploy import processes
from deploy.errors import OperatorError

START_SECONDS = 60
STOP_SECONDS = 10
KEPT_LINES = 15
LONGEST_LINE = 1 << 20


class ChildError(OperatorError):
    """A process ended that should not have; the text says which, how, and its last words."""


@dataclass(frozen=True)
class Child:
    """A process to run. It has started when ``ready_url`` answers, or at once where there is none."""

    name: str
    command: Sequence[str]
    ready_url: str = ""


@dataclass
class _Running:
    child: Child
    process: Process
    log: Path
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    pump: asyncio.Task[None] | None = None


class Supervisor:
    """Children of this process. Use it as ``async with running(...) as supervisor``."""

    def __init__(self, logs: Path, env: Mapping[str, str], echo: Callable[[str], None] | None) -> None:
        self._logs, self._env, self._echo = logs, dict(env), echo
        self._running: list[_Running] = []

    async def start(self, *children: Child) -> None:
        """Start them side by side and return when all answer.

        Raises:
            ChildError: when one ends first, or does not answer within a minute.
        """
        begun = [await self._spawn(child) for child in children]
        for running in begun:
            await self._until_ready(running)

    async def watch(self) -> None:
        """Return never; raise `ChildError` as soon as any child ends, for none ends by itself."""
        waits = {asyncio.create_task(r.process.wait()): r for r in self._running}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        await self._raise_ended(waits[done.pop()])

    async def stop(self) -> None:
        """Stop what runs, the last started first, and whatever they have started themselves."""
        for running in reversed(self._running):
            _signal(running.process, signal.SIGTERM)
        for running in reversed(self._running):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await running.process.wait()
            _signal_group(running.process.pid)
            await running.process.wait()
            await _finished(running.pump)
        self._running.clear()

    async def _spawn(self, child: Child) -> _Running:
        self._logs.mkdir(parents=True, exist_ok=True)
        output, pipe = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                stdin=DEVNULL,
                stdout=pipe,
                stderr=STDOUT,
                env=os.environ | self._env | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                preexec_fn=processes.die_with_parent(signal.SIGTERM),
            )
        finally:
            os.close(pipe)
        running = _Running(child, process, self._logs / f"{child.name}.log")
        running.pump = asyncio.create_task(self._pump(running, await _reader(output)))
        self._running.append(running)
        return running

    async def _pump(self, running: _Running, output: asyncio.StreamReader) -> None:
        """Carry a child's output to its log, begun anew, and to the console where that is wanted."""
        with running.log.open("w", encoding="utf-8") as log:
            while line := await _line(output):
                text = line.decode(errors="replace").rstrip()
                running.lines.append(text)
                log.write(text + "\n")
                log.flush()
                if self._echo is not None:
                    self._echo(f"{running.child.name:8} | {text}")

    async def _until_ready(self, running: _Running) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                while running.child.ready_url and not await answers(running.child.ready_url):
                    if running.process.returncode is not None:
                        await self._raise_ended(running)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            words = f"The {running.child.name} process did not answer within {START_SECONDS} seconds"
            raise ChildError(_with_end(words, running)) from None

    async def _raise_ended(self, running: _Running) -> None:
        await _finished(running.pump)
        raise ChildError(_with_end(f"The {running.child.name} process {_how(running.process)}", running))


@asynccontextmanager
async def running(
    logs: Path, env: Mapping[str, str], echo: Callable[[str], None] | None = None
) -> AsyncIterator[Supervisor]:
    """Give a supervisor whose children are stopped at the end, however it comes.

    ``logs`` takes one file per child; ``echo`` also gets each line, prefixed with the child's name.
    """
    supervisor = Supervisor(logs, env, echo)
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def until_stopped(work: "asyncio.Task[None]") -> None:
    """Let ``work`` run until it ends or the terminal or the system asks us to stop; it then cleans up."""
    loop = asyncio.get_running_loop()
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if not is_stopping:
            is_stopping = True
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        await work
    except asyncio.CancelledError:
        if not is_stopping:
            raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def answers(url: str) -> bool:
    """Whether an HTTP server at ``url`` answers at all, below 500."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            writer.write(request.encode())
            status = (await reader.readline()).split()[1:2]
            writer.close()
    except (OSError, TimeoutError):
        return False
    return bool(status) and status[0] < b"500"


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules with this Python, from any folder."""
    return [sys.executable, "-P", "-m", name, *arguments]


async def _reader(output: int) -> asyncio.StreamReader:
    """Read a pipe that asyncio does not count to the process: a grandchild that holds it hides no death."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(output, "rb"))
    return reader


async def _finished(pump: asyncio.Task[None] | None) -> None:
    """Let the last lines arrive; a grandchild may hold the pipe open."""
    if pump is not None:
        await asyncio.wait([pump], timeout=1)


async def _line(output: asyncio.StreamReader) -> bytes:
    try:
        return await output.readline()
    except ValueError:
        return b"(a line too long to keep)\n"


def _signal(process: Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def _signal_group(pid: int) -> None:
    """Kill what is left of a child's session, such as its workers."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _how(process: Process) -> str:
    code = process.returncode or 0
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"


def _with_end(words: str, running: _Running) -> str:
    end = "\n".join(f"  {line}" for line in running.lines) or "  (it said nothing)"
    return f"{words}. Its last lines, from {running.log}:\n{end}"

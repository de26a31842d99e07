import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy import processes, supervisor
from deploy.supervisor import Child, ChildError
from tests.deploy.conftest import eventually, has_ended

SERVER = """
import http.server, os, sys
class Alive(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
print("listening as", os.environ["WHO"])
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Alive).serve_forever()
"""
SLEEPER = "import time; time.sleep(60)"
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid); time.sleep(60)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
FAILING = "import sys; print('about to fail'); print('cannot go on', file=sys.stderr); sys.exit(3)"


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


@asynccontextmanager
async def running(data_dir: Path, echoed: list[str] | None = None) -> AsyncIterator[supervisor.Supervisor]:
    echo = None if echoed is None else echoed.append
    async with supervisor.running(data_dir / "logs", {"WHO": "tester"}, echo) as children:
        yield children


async def test_start_returns_when_the_child_answers(data_dir: Path, free_port: int) -> None:
    url, echoed = f"http://127.0.0.1:{free_port}/", list[str]()
    async with running(data_dir, echoed) as children:
        await children.start(Child("web", python(SERVER, str(free_port)), url))
        assert await supervisor.answers(url)
    assert not await supervisor.answers(url)
    assert "listening as tester" in (data_dir / "logs" / "web.log").read_text()
    assert echoed[0] == "web      | listening as tester"


async def test_a_child_that_fails_while_starting_is_named_with_its_last_words(
    data_dir: Path, free_port: int
) -> None:
    async with running(data_dir) as children:
        with pytest.raises(ChildError) as caught:
            await children.start(Child("worker", python(FAILING), f"http://127.0.0.1:{free_port}/"))
    said = str(caught.value)
    assert said.startswith("The worker process stopped with exit code 3. Its last lines, from ")
    assert "  about to fail" in said
    assert "  cannot go on" in said


async def test_when_one_child_ends_it_is_said_and_the_others_are_stopped(data_dir: Path) -> None:
    async with running(data_dir) as children:
        await children.start(Child("web", python(SLEEPER)), Child("worker", python(SLEEPER)))
        web, worker = (found.process.pid for found in children._running)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(ChildError, match="The worker process was ended by SIGKILL"):
            await asyncio.wait_for(children.watch(), 10)
    assert not processes.is_alive(web)


async def test_what_a_child_started_is_stopped_with_it(data_dir: Path) -> None:
    async with running(data_dir) as children:
        await children.start(Child("web", python(PARENT)))
        grandchild = int(await first_line(children))
        assert processes.is_alive(grandchild)
    assert await ends(grandchild)


async def test_a_child_that_does_not_listen_is_killed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    async with running(data_dir) as children:
        await children.start(Child("web", python(DEAF)))
        await first_line(children)
        pid = children._running[0].process.pid
    assert await ends(pid)


async def test_a_child_that_never_answers_is_given_up(
    data_dir: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 0.3)
    async with running(data_dir) as children:
        with pytest.raises(ChildError, match=r"did not answer within 0\.3 seconds"):
            await children.start(Child("web", python(SLEEPER), f"http://127.0.0.1:{free_port}/"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_work_and_lets_it_clean_up(number: signal.Signals) -> None:
    is_clean = False

    async def work() -> None:
        nonlocal is_clean
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            is_clean = True

    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), number)
    await asyncio.wait_for(supervisor.until_stopped(asyncio.create_task(work())), 5)
    assert is_clean


async def test_work_that_fails_is_not_taken_for_a_stop() -> None:
    async def work() -> None:
        raise ChildError("it failed")

    with pytest.raises(ChildError, match="it failed"):
        await supervisor.until_stopped(asyncio.create_task(work()))


async def test_a_death_is_noticed_while_a_grandchild_holds_the_output(data_dir: Path) -> None:
    async with running(data_dir) as children:
        await children.start(Child("web", python(PARENT)))
        await first_line(children)
        os.kill(children._running[0].process.pid, signal.SIGKILL)
        with pytest.raises(ChildError, match="The web process was ended by SIGKILL"):
            await asyncio.wait_for(children.watch(), 5)


async def first_line(children: supervisor.Supervisor) -> str:
    lines = children._running[0].lines
    assert await asyncio.to_thread(eventually, lambda: lines)
    return lines[0]


async def ends(pid: int) -> bool:
    return await asyncio.to_thread(has_ended, pid)

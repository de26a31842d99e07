"""What crosses between plain and asynchronous code: results, errors, context, transactions, cancellation."""

import asyncio
from contextvars import ContextVar

import pytest

from integrations.provider.bridge import OutsideError, run, wait
from tenants.scope import Scope, execute, open_scope, queue_scope, secret_scope, value

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def test_results_cross():
    assert await run(lambda: [wait(double(n)) for n in range(4)]) == [0, 2, 4, 6]
    assert await run(lambda: "waits for nothing") == "waits for nothing"


async def test_errors_cross_both_ways():
    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("inside")

    def catches() -> str:
        with pytest.raises(LookupError):
            wait(fails())
        return "caught"

    def raises() -> None:
        wait(double(1))
        raise KeyError("outside")

    assert await run(catches) == "caught"
    with pytest.raises(KeyError):
        await run(raises)


async def test_context_variables_are_the_tasks_own():
    async def look() -> str:
        return WHO.get()

    def work() -> str:
        WHO.set("set inside")
        return wait(look())

    WHO.set("set outside")
    assert await run(work) == "set inside"
    assert WHO.get() == "set inside"


async def test_it_is_the_same_transaction(db):
    token = b"x" * 32

    def work() -> int:
        wait(add())
        return wait(count())

    async def add() -> None:
        async with open_scope(secret_scope(token)):
            await execute(
                "insert into integrations_once (id, token_hash, expires_at) values (new_id(), $1, now())",
                token,
            )

    async def count() -> int:
        async with open_scope(secret_scope(token)):
            return int(await value("select count(*) from integrations_once where token_hash = $1", token))

    async def undone() -> None:
        async with open_scope(Scope()):
            assert await run(work) == 1
            raise LookupError

    with pytest.raises(LookupError):
        await undone()
    assert await count() == 0


async def test_cancelling_unwinds_the_plain_code():
    unwound = []

    def work() -> None:
        try:
            wait(asyncio.sleep(60))
        finally:
            unwound.append(True)

    task = asyncio.create_task(run(work))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert unwound == [True]


async def test_many_at_once_do_not_mix():
    def work(number: int) -> list[int]:
        return [wait(double(number + n)) for n in range(5)]

    found = await asyncio.gather(*(run(work, n) for n in range(50)))
    assert found == [[2 * (n + m) for m in range(5)] for n in range(50)]


def test_waiting_outside_is_a_mistake():
    with pytest.raises(OutsideError):
        wait(double(1))


async def test_a_scope_may_be_switched_inside(db):
    async def both() -> str:
        async with open_scope(queue_scope()):
            return str(await value("select scope_kind()"))

    async with open_scope(Scope()):
        assert await run(lambda: wait(both())) == "queue"
        assert await value("select scope_kind()") == ""

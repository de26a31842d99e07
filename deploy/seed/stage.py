"""How the demonstration is told: chapter by chapter, each only once, and what every chapter may ask of the stage."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg

from deploy.database import credentials
from deploy.seed import bank as banks
from deploy.seed import takings
from deploy.seed.bank import Founded, open_bank
from deploy.seed.books import Desk
from deploy.seed.cast import Institution, every_employee
from deploy.seed.institutions import staff_actor
from deploy.seed.outside import Outside
from deploy.seed.report import Progress
from deploy.seed.work import Statistics
from deploy.settings import Settings
from tenants.actor import Actor
from tenants.models import Bank, Tenant
from tenants.scope import bank_scope, open_scope


@dataclass(slots=True)
class Play:
    """The stage: the bank and the outside. What a chapter needs of earlier ones it reads back."""

    bank: Bank
    outside: Outside
    statistics: Statistics

    async def founded(self) -> Founded:
        """Return the bank with its branches and staff."""
        return await open_bank()

    async def tenant(self, institution: Institution) -> Tenant:
        """Return an institution's tenant."""
        async with open_scope(bank_scope(self.bank.id)):
            return await Tenant.get(slug=institution.slug)

    async def staff(self, tenant: Tenant, role: str) -> Actor:
        """Return an institution's employee with this role, just signed in."""
        one = next(e for e in every_employee() if e.institution.slug == tenant.slug and e.role == role)
        return await staff_actor(tenant, one)

    async def desk(self, tenant: Tenant) -> Desk:
        """Return whose books are written."""
        return await takings.desk_of(tenant, self.bank, await self.staff(tenant, "cashier"))


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story; ``write`` returns the sentence that says what it has written.

    An atomic one is written with its note, all or nothing. Another one commits on its way, because something outside
    has to see it, and can be written again from wherever it was left.
    """

    title: str
    write: Callable[[Play], Awaitable[str]]
    is_atomic: bool = True
    is_possible: Callable[[Play], Awaitable[bool]] | None = None
    """Whether it can be written now; a later seeding writes it otherwise."""
    thread: str = ""
    """Chapters of several threads in a row are told at the same time, each thread in its order."""

    async def tell(self, play: Play) -> str:
        """Write the chapter and note that it stands."""
        if not self.is_atomic:
            words = await self.write(play)
            await banks.note_chapter(play.bank, self.title)
            return words
        async with open_scope(bank_scope(play.bank.id)):
            words = await self.write(play)
            await banks.note_chapter(play.bank, self.title)
        return words


async def tell(play: Play, chapters: Sequence[Chapter], progress: Progress) -> bool:
    """Tell every chapter that is missing; return whether there was one."""
    is_new = False
    for _, together in groupby(chapters, key=lambda chapter: bool(chapter.thread)):
        threads: dict[str, list[Chapter]] = {}
        for chapter in together:
            threads.setdefault(chapter.thread, []).append(chapter)
        is_new |= any(await _together(*(_tell(play, thread, progress) for thread in threads.values())))
    return is_new


async def _together(*works: Coroutine[Any, Any, bool]) -> list[bool]:
    """Do all of it at the same time; when one fails the others come to their end before it is raised."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result is True for result in results]


async def _tell(play: Play, thread: list[Chapter], progress: Progress) -> bool:
    is_new = False
    for chapter in thread:
        if await banks.has_chapter(play.bank, chapter.title):
            continue
        if chapter.is_possible is None or await chapter.is_possible(play):
            is_new = True
            progress(await chapter.tell(play))
    return is_new


@asynccontextmanager
async def alone(settings: Settings) -> AsyncIterator[Statistics]:
    """Let one seeding of a database run at a time; the next one waits, and then finds it done."""
    connection = await asyncpg.connect(**credentials(settings.database_owner_url.get_secret_value()))
    try:
        await connection.execute("select pg_advisory_lock(hashtextextended('cloud seed', 0))")
        yield Statistics(connection)
    finally:
        await connection.close()

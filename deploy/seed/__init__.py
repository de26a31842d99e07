"""The demonstration: a bank, a town of several thousand flats, three months of bills and what became of them.

It is written in chapters. Each is noted in the bank's audit trail when it stands, so that a seeding that was killed
goes on where it stopped, and one that is complete is only read. See README.md.
"""

from tortoise.exceptions import DoesNotExist

from billing.sealing.sealer import Sealer
from deploy import composition
from deploy.database import connected
from deploy.errors import OperatorError
from deploy.seed import union
from deploy.seed.bank import found, the_bank
from deploy.seed.chapters import CHAPTERS
from deploy.seed.ending import signins, write_samples
from deploy.seed.outside import Outside
from deploy.seed.report import Progress, SeedReport
from deploy.seed.stage import Play, alone, tell
from deploy.settings import Settings
from scenarios import registry
from tenants.sealing.sealer import AuditSealer

__all__ = ["SeedReport", "seed"]
OTHER_VERSION = (
    "The demonstration in this folder was written by another version: start afresh with --fresh,"
    " or keep it and give another folder with --data."
)


async def seed(settings: Settings, progress: Progress) -> SeedReport:
    """Write what is missing of the demonstration and say who may sign in where; ``progress`` takes sentences.

    Raises:
        OperatorError: there is no sandbox, or the database is somebody else's.
    """
    composition.compose(settings, registry.load())
    async with Outside(settings) as outside, alone(settings) as statistics:
        await outside.introduce()
        await found(settings)
        await union.found(outside)
        # A chapter that a power failure takes back is written again: nothing here needs to wait for the disk.
        address = settings.database_url.get_secret_value()
        async with connected(address, pool=8, synchronous_commit="off"):
            bank = await the_bank()
            is_new = await tell(Play(bank, outside, statistics), CHAPTERS, progress)
            if is_new:
                await statistics.of_everything()
            await outside.listen()
            await Sealer().round()
            await AuditSealer().round()
            write_samples(settings.data_dir)
            try:
                return SeedReport(await signins(settings), is_new)
            except DoesNotExist:
                raise OperatorError(OTHER_VERSION) from None

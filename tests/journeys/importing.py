"""Bringing a block's flats in from a table, with a column nobody recognises and a row that is wrong."""

import csv
import io
import re

from scenarios.community.blocks import block_units, write_units_csv
from tests.journeys.onboarding import Institution
from tests.journeys.someone import Someone

COLUMNS = ("blk_no", "street", "max_floor_lvl", "3room_sold", "4room_sold", "5room_sold")
BLOCKS = (("102", "BEDOK RESERVOIR RD", "4", "16", "8", "0"), ("113", "LENGKONG TIGA", "4", "0", "18", "6"))
"""Two real blocks of Bedok, from HDB Property Information."""
_OTHERS = ("1room_sold", "2room_sold", "exec_sold", "multigen_sold", "studio_apartment_sold")
_RENTED = ("1room_rental", "2room_rental", "3room_rental", "other_room_rental")
HOLDER = {
    "Holder": "Tan Mei Ling",
    "Relation": "owner",
    "E-mail": "tan.meiling@mail.example",
    "Phone": "+65 9123 4567",
    "Since": "2021-06-01",
}
WRONG = "102,Bedok Reservoir Rd,9,#09-01,7-room,normal,65,owner,,,,,\r\n"
FLATS = 48


def table() -> bytes:
    """Return the table as it leaves somebody's spreadsheet: one heading is their own, one row is mistyped."""
    rows = [
        dict.fromkeys((*_OTHERS, *_RENTED), "0") | dict(zip(COLUMNS, block, strict=True)) for block in BLOCKS
    ]
    out = io.StringIO(newline="")
    assert (
        write_units_csv((unit for row in rows for unit in block_units(row)), out, holder=lambda _: HOLDER)
        == FLATS
    )
    text = out.getvalue().replace(",Rate,", ",Discount,", 1) + WRONG
    return b"\xef\xbb\xbf" + text.encode()


async def bring_in(administrator: Someone, court: Institution) -> None:
    """Upload, match, look at the dry run, take the refused row home, import."""
    await administrator.press("Bring in your accounts")
    await administrator.heading("Imports")
    await _upload(administrator, court)
    await administrator.heading("Match the columns")
    await administrator.sees("Columns that will not be used", "Discount")
    await administrator.page.locator("details summary", has_text="Not in the file").click()
    await administrator.fill(field_rate="Discount")
    await administrator.press("Check the file")
    await administrator.sees(f"Nothing has changed yet. {FLATS} rows are ready to be imported.")
    await administrator.sees("1 row is refused and will be left out.", "7-room", "Flat type")
    await _look_at_rejected(administrator)
    await administrator.press(f"Import {FLATS} rows")
    await administrator.sees(
        "The import is done.", f"{FLATS + 1} rows were read and {FLATS} are in the accounts."
    )


async def _upload(administrator: Someone, court: Institution) -> None:
    await administrator.go(f"{court.root}/imports")
    await administrator.press("Import a file")
    await administrator.attach("blocks.csv", "text/csv", table())
    await administrator.press("Upload")


async def _look_at_rejected(administrator: Someone) -> None:
    href = await administrator.page.get_by_role("link", name="CSV", exact=True).first.get_attribute("href")
    answer = await administrator.context.request.get(administrator.live.url + str(href))
    rejected = list(csv.reader(io.StringIO((await answer.body()).decode("utf-8-sig"))))
    assert len(rejected) == 2
    assert "#09-01" in rejected[1]


async def bring_in_again(administrator: Someone, court: Institution) -> str:
    """Repeat the very file: it says so, and finds nothing to change. Return the page of its columns."""
    await _upload(administrator, court)
    await administrator.heading("Match the columns")
    columns = administrator.page.url
    await administrator.sees("This very file was imported on")
    await administrator.press("Check the file")
    await administrator.sees("Everything in this file is in the accounts already.", "Import another file")
    assert await administrator.page.get_by_role("button", name=re.compile("^Import ")).count() == 0
    figures = " ".join((await administrator.page.locator(".stats").inner_text()).split())
    assert re.fullmatch(rf"New.* 0 Changed 0 Unchanged {FLATS} .*Refused 1", figures), figures
    return columns

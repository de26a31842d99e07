"""The demonstration, seeded once for all these tests, through two interruptions."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from billing.payments.states import PAYMENT, REFUND
from deploy.errors import OperatorError
from deploy.seed import app_offers, cast, estate
from deploy.seed.ending import MISTAKES, SAMPLES, TOWN
from deploy.seed.names import Names
from deploy.seed.outside import Outside
from deploy.settings import Settings
from tests.conftest import Seeded


def test_a_killed_seeding_is_completed_and_a_complete_one_only_read(told) -> None:
    assert told["interruptions"] == 2
    assert told["is_new"] == [True, False]
    assert told["counts"][0] == told["counts"][1]
    assert told["signins"][0] == told["signins"][1]


def test_a_real_town_lives_there(told) -> None:
    counts = told["counts"][0]
    assert (counts["banks"], counts["branches"]) == (4, 6)
    assert counts["accounts"] == counts["holders"] == 3_435 + 18 + 2, "one is let, one was sold"
    assert counts["runs"] == 6
    assert counts["bills"] == 3 * (3_435 + 18)
    assert counts["drafts"] == 0


def test_two_schools_have_their_pupils_and_classes(told) -> None:
    counts = told["counts"][0]
    assert counts["pupils"] == 1_200 + 120
    assert counts["classes"] == 30 + 4


def test_what_is_voluntary_is_never_overdue_and_can_still_be_declined(told) -> None:
    counts = told["counts"][0]
    assert (counts["voluntary_and_overdue"], counts["voluntary_and_open"] > 0) == (0, True)


def test_there_are_payments_in_every_state(told) -> None:
    states = told["states"]
    assert set(PAYMENT.states) - {"created"} <= set(states["payments"])
    assert states["channels"] == ["bank", "counter", "stripe", "wallet"]
    assert set(states["refunds"]) == set(REFUND.states)
    assert states["suspense"] == ["open"]
    assert {"draft", "submitted", "returned", "approved"} <= set(states["applications"])
    everywhere = {"administrator", "cashier", "finance", "front_desk", "reader"}
    assert everywhere | {"class_teacher", "secretary", "doctor"} <= set(states["roles"])


def test_the_bank_keeps_back_only_what_the_institution_has_approved(told) -> None:
    counts = told["counts"][0]
    assert (counts["kept_back"] > 0, counts["kept_unapproved"]) == (True, 0)


def test_every_fact_in_the_audit_trail_has_a_label(told) -> None:
    assert told["without_words"] == []


def test_every_payment_has_its_receipt_and_past_days_are_closed(told) -> None:
    assert told["counts"][0]["without_receipt"] == 0
    assert told["counts"][0]["never_closed"] == 0


def test_bills_and_ledger_bear_verification(told) -> None:
    assert told["ledger"].pop("sealed")["waiting"] == 0
    assert told["ledger"] == {
        "is_right": True,
        "tenants": 10,
        "faults": 0,
        "balance": {"SGD": 0},
        "shown": [],
    }
    bills = told["bills"]
    assert (bills["is_right"], bills["differences"]) == (True, 0)
    assert told["counts"][0]["ruleless"] == 0, "only single bills, as of a deposit, charge without a rule"
    assert bills["lines"] > told["counts"][0]["bills"]


def test_a_payment_of_the_past_has_what_one_taken_by_the_product_has(told) -> None:
    past, taken = (_kinds_of_rows(told["twins"][name]) for name in ("past", "taken"))
    assert {name: rows for name, rows in past.items() if rows != taken[name]} == {}
    assert past["states"] == {'"succeeded"', '"counter"', '""'}


def _kinds_of_rows(twin: dict[str, Any]) -> dict[str, set[str]]:
    """What there is of each, whatever number of bills was paid; only a past day has been closed."""
    read = {name: json.loads(rows) if isinstance(rows, str) else rows for name, rows in twin.items()}
    read["payment"] = [[column for column in row if column != "day_close_id"] for row in read["payment"]]
    return {name: {json.dumps(row) for row in rows} for name, rows in read.items()}


def test_everybody_who_may_sign_in_is_named_with_where(told) -> None:
    rows = told["signins"][0]
    named = " ".join(who for _, _, who in rows)
    everybody = [one.name for one in (*cast.CLERKS, *cast.OTHER_CLERKS)]
    everybody += [one.name for one in cast.every_employee()] + [one.name for one in cast.every_payer()]
    assert all(name in named for name in everybody)
    assert all(url.startswith(told["url"] + "/") for _, url, _ in rows)
    assert {"Invitation", "Pay-link", "To import"} <= {label for label, _, _ in rows}


def test_whoever_gets_ready_to_go_live_has_somebody_who_can_sign_in() -> None:
    at_the_bank = {m["enterprise_uscc"] for one in cast.customers() for m in one.get("mandates", ())}
    coming = [cast.WHARF, *cast.APPLICANTS.values()]
    assert {one.uscc for one in coming} <= at_the_bank


def test_the_bank_knows_everybody_by_one_click(told) -> None:
    counts = told["at_the_bank"]
    assert counts["oidc.customer"] == len([*cast.customers(), *app_offers.customers()])
    assert counts["stripe.endpoint"] == 1
    assert counts["rail.order"] > 1_000
    assert counts["cs"] > 100


def test_files_to_try_are_written(seeded: Seeded) -> None:
    with (seeded.folder / SAMPLES / TOWN).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2_554
    assert all(row["Holder"] for row in rows)
    assert len((seeded.folder / SAMPLES / MISTAKES).read_text().splitlines()) == 41


def test_the_town_is_the_same_each_time() -> None:
    first = estate.town_csv("tengah", cast.SEED, cast.RESIDENTS)
    assert first == estate.town_csv("tengah", cast.SEED, cast.RESIDENTS)
    assert first != estate.town_csv("tengah", cast.SEED + 1, cast.RESIDENTS)


def test_names_come_from_many_places() -> None:
    names = Names(1)
    drawn = [names.one() for _ in range(200)]
    assert any("\u4e00" <= name[0] <= "\u9fff" for name in drawn)
    assert any(" bin " in name or " binte " in name for name in drawn)


def test_every_resident_has_a_door_in_the_town() -> None:
    numbers = {f"{u.building} {u.street} {u.door}" for u in estate.town_units("tengah")}
    doors = {door.number for one in cast.RESIDENTS for door in one.doors if door.institution is cast.TENGAH}
    assert doors <= numbers


def test_production_is_never_seeded(tmp_path: Path) -> None:
    settings = Settings(
        environment="production",
        data_dir=tmp_path,
        database_url="postgresql://a@db/c",
        redis_url="redis://r",
        public_url="https://cloud.example",
        secret_key="k" * 32,
        smtp_url="smtp://mail",
    )
    with pytest.raises(OperatorError, match="sandbox"):
        Outside(settings)


async def test_a_sandbox_that_does_not_run_is_one_sentence(tmp_path: Path, free_port: int) -> None:
    settings = Settings(data_dir=tmp_path, sandbox_url=f"http://127.0.0.1:{free_port}")
    async with Outside(settings) as outside:
        with pytest.raises(OperatorError, match="does not answer"):
            await outside.introduce()

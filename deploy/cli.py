"""The command line ``cloud``. Each command loads what it needs when it runs, so that help is instant."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import OperatorError

if TYPE_CHECKING:
    from deploy.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the data (DATA_DIR; default .cloud).")]
Port = Annotated[int | None, typer.Option("--port", help="Port of the web server (PORT; default 8000).")]
Pairs = Annotated[list[str] | None, typer.Option("--set", help="An option of the command: NAME=VALUE.")]


@app.callback()
def private() -> None:
    """Scenario Cloud: industry clouds that a bank gives its institutions."""
    os.umask(0o077)  # what we write is for our own account


@app.command()
def up(
    *,
    port: Port = None,
    data: Data = None,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Start without demonstration data.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove the embedded data first.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the logs of all processes.")] = False,
) -> None:
    """Start everything on this machine: PostgreSQL, Redis, migrations, demonstration, sandbox, web, worker."""
    with _plainly():
        from deploy import up as everything  # noqa: PLC0415

        options = everything.Options(has_seed=not no_seed, is_fresh=fresh, is_verbose=verbose)
        asyncio.run(everything.up(_settings(port=port, data_dir=data), options, everything.say))


@app.command()
def serve(*, port: Port = None, data: Data = None) -> None:
    """Serve web requests until told to stop. Settings come from the environment."""
    with _plainly():
        from deploy import web  # noqa: PLC0415

        web.serve(_settings(port=port, data_dir=data))


@app.command()
def worker(*, data: Data = None) -> None:
    """Do the jobs that the web processes have asked for, until told to stop."""
    with _plainly():
        settings = _settings(data_dir=data)
        from deploy import logs, supervisor  # noqa: PLC0415
        from deploy.worker import run  # noqa: PLC0415

        logs.configure(settings)

        async def work() -> None:
            await supervisor.until_stopped(asyncio.create_task(run(settings)))

        asyncio.run(work())


@app.command()
def sandbox(*, port: Port = None, data: Data = None) -> None:
    """Run the sandbox alone: the bank, the Stripe and the mailbox of demonstrations and tests.

    --port is the web server's port, from which the sandbox's own follows (SANDBOX_PORT).
    """
    with _plainly():
        from deploy.up import sandbox_command  # noqa: PLC0415

        settings = _settings(port=port, data_dir=data)
        if not settings.sandbox_port:
            raise OperatorError("Production has no sandbox: set ENVIRONMENT=demo, or SANDBOX_PORT.")
        command = sandbox_command(settings)
        os.execve(command[0], command, os.environ | settings.environ())  # noqa: S606 (our own program)


@app.command()
def migrate(*, data: Data = None) -> None:
    """Bring the database up to date. Safe to run again; starts the embedded PostgreSQL when it does not run."""

    async def work(settings: "Settings") -> None:
        from deploy import preflight  # noqa: PLC0415
        from deploy.database import migrate, prepare  # noqa: PLC0415

        preflight.need_owner(settings)
        await prepare(settings)
        applied = await migrate(settings)
        typer.echo("\n".join(f"Applied {name}" for name in applied) or "Nothing to apply.")

    _with_servers(work, data)


@app.command()
def seed(*, data: Data = None) -> None:
    """Fill an empty database with the demonstration and print its sign-ins. The sandbox has to be running."""

    async def work(settings: "Settings") -> None:
        from deploy.seed import seed  # noqa: PLC0415

        report = await seed(settings, typer.echo)
        for label, url, who in report.signins:
            typer.echo(f"{label}\t{url}\t{who}")

    _with_servers(work, data)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="What to measure, such as pages or import.")],
    *,
    options: Pairs = None,
    data: Data = None,
) -> None:
    """Measure, and print one line of JSON: the figure, its floor from the same run, and their ratio."""

    async def work(settings: "Settings") -> None:
        from deploy.bench import run  # noqa: PLC0415

        _print_json(await run(name, settings, _pairs(options)))

    _with_servers(work, data)


@app.command()
def keys(
    act: Annotated[str, typer.Argument(help="list, rotate or retire.")] = "list",
    kid: Annotated[str, typer.Argument(help="The key's id, for retire.")] = "",
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, for retire; it is logged.")] = "",
    again: Annotated[
        str, typer.Option("--again", help="The key's id once more, in place of typing it.")
    ] = "",
    data: Data = None,
) -> None:
    """Show the keys that sign for apps, make the next ones, or take one away at once (as when it has leaked).

    Retiring ends every token that the key has signed. It takes a reason, and the key's id typed once more.
    """
    if act not in {"list", "rotate", "retire"}:
        raise typer.BadParameter("say list, rotate or retire", param_hint="ACT")
    if act == "retire":
        if not kid or not reason.strip():
            raise typer.BadParameter("retire takes the key's id and --reason", param_hint="KID")
        if (again or typer.prompt(f"Type {kid} again to retire it")) != kid:
            raise typer.BadParameter("that is another key: nothing was done", param_hint="--again")

    async def work(settings: "Settings") -> None:
        del settings
        from deploy import signing_keys  # noqa: PLC0415

        for line in await signing_keys.run(act, kid, reason.strip()):
            typer.echo(line)

    _with_servers(work, data)


@app.command()
def verify(
    what: Annotated[str, typer.Argument(help="audit, bills, ledger, isolation or receipt.")],
    file: Annotated[Path | None, typer.Argument(help="The receipt's file, for receipt.")] = None,
    *,
    key: Annotated[str, typer.Option("--key", help="The public key you trust, for receipt.")] = "",
    breach: Annotated[
        str,
        typer.Option("--breach", help="For isolation: open policy or permission first, which must be found."),
    ] = "",
    data: Data = None,
) -> None:
    """Recompute what was charged, booked or sealed and compare; ends with 1 where anything differs.

    isolation tries every door with foreign ids, on a database of its own, and writes a report.
    """
    if what not in ("audit", "bills", "ledger", "receipt", "isolation"):
        raise typer.BadParameter("say audit, bills, ledger, isolation or receipt", param_hint="WHAT")
    if (what == "receipt") != (file is not None):
        raise typer.BadParameter("receipt needs a file, and only receipt takes one", param_hint="FILE")

    async def work(settings: "Settings") -> None:
        if what == "isolation":
            from deploy.isolation.proof import isolation  # noqa: PLC0415

            _conclude(await isolation(settings, breach))
            return
        from deploy import trail, verify  # noqa: PLC0415

        _conclude(await (trail.audit if what == "audit" else getattr(verify, what))(settings))

    if file is None:
        _with_servers(work, data)
        return
    with _plainly():
        from deploy import verify  # noqa: PLC0415

        _conclude(verify.receipt(file, key))


@app.command()
def export(
    what: Annotated[str, typer.Argument(help="ledger.")],
    institution: Annotated[str, typer.Argument(help="The institution's short name in addresses (/t/NAME).")],
    file: Annotated[Path, typer.Argument(help="The ZIP file to write.")],
    *,
    data: Data = None,
) -> None:
    """Write an institution's sealed ledger, for verify_receipt.py to check anywhere without us."""
    if what != "ledger":
        raise typer.BadParameter("say ledger", param_hint="WHAT")

    async def work(settings: "Settings") -> None:
        from deploy import verify  # noqa: PLC0415

        _print_json(await verify.export(settings, institution, file))

    _with_servers(work, data)


@app.command()
def rotate(*, data: Data = None) -> None:
    """Bring every sensitive field under the newest key (FIELD_KEY); it can be stopped and begun again.

    Ends with 1 where something is left: FIELD_FORMER_KEYS lacks a key, or a field is new to it.
    """

    async def work(settings: "Settings") -> None:
        from deploy import rotating  # noqa: PLC0415

        _conclude(await rotating.rotate(settings))

    _with_servers(work, data)


@app.command()
def bank(  # noqa: PLR0917 - one option for each thing that has to be known of a bank
    slug: Annotated[str, typer.Argument(help="Its name in addresses (/bank/NAME).")],
    name_en: Annotated[str, typer.Option("--name-en", help="Its name in English.")],
    name: Annotated[str, typer.Option("--name", help="Its name in Chinese.")],
    issuer: Annotated[str, typer.Option("--issuer", help="Its OpenID provider.")],
    client_id: Annotated[str, typer.Option("--client-id", help="Our name there.")],
    client_secret: Annotated[str, typer.Option(envvar="BANK_CLIENT_SECRET", help="Our secret there.")],
    staff_number: Annotated[str, typer.Option("--staff-number", help="The first administrator there.")],
    admin_name: Annotated[str, typer.Option("--admin-name", help="Their name.")],
    admin_email: Annotated[str, typer.Option("--admin-email", help="Their e-mail.")],
    *,
    country: Annotated[str, typer.Option("--country", help="Two letters.")] = "CN",
    accent: Annotated[str, typer.Option("--accent", help="Its colour, #rrggbb.")] = "#1d4f91",
    union: Annotated[str, typer.Option("--union", help="The union that it belongs to, by its NAME.")] = "",
    data: Data = None,
) -> None:
    """Write a bank, or a union of banks, with its head office, its sign-in and its first administrator."""

    async def work(settings: "Settings") -> None:
        from deploy import founding  # noqa: PLC0415

        given = {
            "slug": slug, "name": name, "name_en": name_en, "country": country, "accent": accent,
            "issuer": issuer, "client_id": client_id, "client_secret": client_secret,
            "staff_number": staff_number, "admin_name": admin_name, "admin_email": admin_email,
        }  # fmt: skip
        _print_json(await founding.found(settings, given, union))

    _with_servers(work, data)


@app.command()
def routes(*, data: Data = None) -> None:
    """Print every route: path, methods, door (who may come in), permission or reason, and name."""
    with _plainly():
        from deploy import routing  # noqa: PLC0415
        from deploy.app import create  # noqa: PLC0415

        table = routing.table(create(_settings(data_dir=data)))
        rows = [(row.path, ",".join(row.methods), row.door, row.permission, row.name) for row in table]
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            typer.echo("  ".join(cells).rstrip())


@contextmanager
def _plainly() -> Iterator[None]:
    """Say what the operator can put right in one sentence; anything else is ours and keeps its traceback."""
    try:
        yield
    except OperatorError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _settings(**given: Any) -> "Settings":
    from deploy.settings import Settings  # noqa: PLC0415 (pydantic takes a while to import)

    return Settings(**{name: value for name, value in given.items() if value is not None})


def _with_servers(work: "Callable[[Settings], Coroutine[Any, Any, None]]", data: Path | None) -> None:
    """Run ``work`` with the embedded servers running and the outside ones answering."""

    async def run() -> None:
        from deploy import logs, preflight, services  # noqa: PLC0415

        settings = _settings(data_dir=data)
        logs.configure(settings)
        async with services.embedded(settings):
            await preflight.check_servers(settings)
            await work(settings)

    with _plainly():
        asyncio.run(run())


def _pairs(options: list[str] | None) -> dict[str, str]:
    parts = [option.partition("=") for option in options or []]
    if any(not separator for _, separator, _ in parts):
        raise OperatorError("--set takes NAME=VALUE.")
    return {name: value for name, _, value in parts}


def _conclude(report: dict[str, Any]) -> None:
    _print_json(report)
    if not report["is_right"]:
        raise typer.Exit(1)


def _print_json(report: Any) -> None:
    import json  # noqa: PLC0415

    sys.stdout.write(json.dumps(report, ensure_ascii=False, default=str) + "\n")

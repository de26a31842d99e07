import socket
from pathlib import Path

import pytest

from deploy import preflight, services
from deploy.preflight import NotReadyError
from deploy.settings import Settings


@pytest.fixture
def taken_port() -> "socket.socket":
    listener = socket.create_server(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_a_taken_port_is_refused_with_the_way_out(taken_port: socket.socket) -> None:
    port = taken_port.getsockname()[1]
    with taken_port, pytest.raises(NotReadyError) as caught:
        preflight.check_port("127.0.0.1", port, "--port")
    assert str(caught.value) == f"Port {port} is taken by another program: choose another with --port."
    preflight.check_port("127.0.0.1", port, "--port")


def test_the_sandboxs_ports_are_looked_at_too(
    data_dir: Path, free_port: int, taken_port: socket.socket
) -> None:
    port = taken_port.getsockname()[1]
    settings = Settings(data_dir=data_dir, port=free_port, sandbox_port=port)
    with taken_port, pytest.raises(NotReadyError, match=f"Port {port} is taken .* SANDBOX_PORT"):
        preflight.check_ports(settings)


def test_an_address_of_another_machine_cannot_be_bound(free_port: int) -> None:
    with pytest.raises(NotReadyError, match=rf"Port {free_port} on 192\.0\.2\.1 cannot be used"):
        preflight.check_port("192.0.2.1", free_port, "--port")


async def test_an_unreachable_database_is_one_sentence_without_the_password(
    data_dir: Path, free_port: int
) -> None:
    url = f"postgresql://app:hunter2@127.0.0.1:{free_port}/cloud"
    settings = Settings(data_dir=data_dir, database_url=url, database_owner_url=url)
    with pytest.raises(NotReadyError) as caught:
        await preflight.check_servers(settings)
    assert str(caught.value) == (
        f"PostgreSQL at 127.0.0.1:{free_port} cannot be reached (nothing listens there): check DATABASE_URL."
    )


async def test_a_host_without_an_address_is_said(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, database_url="postgresql://app@no-such-host.invalid/cloud")
    with pytest.raises(NotReadyError, match=r"no-such-host\.invalid:5432 cannot be reached"):
        await preflight.check_servers(settings)


async def test_a_database_that_refuses_the_role_is_said(data_dir: Path) -> None:
    superuser = services.start_postgres(data_dir, is_durable=False)
    try:
        settings = Settings(data_dir=data_dir, database_url=superuser.replace("postgres@", "nobody@"))
        with pytest.raises(
            NotReadyError, match=r'refuses us \(role "nobody" does not exist\): check DATABASE_URL'
        ):
            await preflight.check_servers(settings)
    finally:
        services.stop_postgres(data_dir)


async def test_an_unreachable_redis_is_one_sentence(data_dir: Path, free_port: int) -> None:
    settings = Settings(data_dir=data_dir, redis_url=f"redis://:hunter2@127.0.0.1:{free_port}/0")
    with pytest.raises(NotReadyError) as caught:
        await preflight._check_redis(settings.redis_url.get_secret_value())
    assert str(caught.value).startswith(f"Redis at 127.0.0.1:{free_port} cannot be reached")
    assert "hunter2" not in str(caught.value)


def test_migrations_need_the_owner(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, database_url="postgresql://app@db/cloud")
    with pytest.raises(NotReadyError, match="DATABASE_OWNER_URL is missing"):
        preflight.need_owner(settings)

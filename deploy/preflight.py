"""Questions asked before anything is started, so that what is missing is one sentence and not a traceback."""

import asyncio
import errno
import socket
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from deploy.errors import OperatorError
from deploy.settings import Settings

PATIENCE = 5
"""Seconds that an outside server may take to answer."""

OLDEST_POSTGRES = 15


class NotReadyError(OperatorError):
    """Something outside of us is missing."""


def check_port(bind: str, port: int, option: str) -> None:
    """Refuse a port that somebody else has; ``option`` is how to choose another.

    The server itself would not notice: it shares the port for the sake of its workers.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise NotReadyError(_port_sentence(error, bind, port, option)) from None


def check_ports(settings: Settings) -> None:
    """Refuse to start on ports that are taken: the product's, the sandbox's and its mailbox's."""
    check_port(settings.bind, settings.port, "--port")
    if settings.sandbox_port:
        check_port("127.0.0.1", settings.sandbox_port, "SANDBOX_PORT")
        check_port("127.0.0.1", settings.sandbox_smtp_port, "SANDBOX_SMTP_PORT")
    for url in settings.app_urls.values():
        check_port("127.0.0.1", int(url.rpartition(":")[2]), "SANDBOX_PORT")


async def check_servers(settings: Settings) -> None:
    """Ask PostgreSQL and Redis for a sign of life, as the roles that will use them."""
    if not settings.has_embedded_database:
        await _check_database(settings.database_url.get_secret_value(), "DATABASE_URL")
        if owner := settings.database_owner_url.get_secret_value():
            await _check_database(owner, "DATABASE_OWNER_URL")
    if not settings.has_embedded_redis:
        await _check_redis(settings.redis_url.get_secret_value())


def need_owner(settings: Settings) -> None:
    """Refuse to migrate without the role that owns the tables."""
    if not settings.database_owner_url.get_secret_value():
        raise NotReadyError("DATABASE_OWNER_URL is missing: migrations run as the role that owns the tables.")


async def _check_database(url: str, name: str) -> None:
    place = _place(url, 5432)
    try:
        async with asyncio.timeout(PATIENCE):
            connection = await asyncpg.connect(url)
            version = connection.get_server_version().major
            await connection.close()
    except asyncpg.PostgresError as error:
        raise NotReadyError(f"PostgreSQL at {place} refuses us ({error}): check {name}.") from None
    except (OSError, TimeoutError, ValueError, asyncpg.InterfaceError) as error:
        raise NotReadyError(
            f"PostgreSQL at {place} cannot be reached ({_why(error)}): check {name}."
        ) from None
    if version < OLDEST_POSTGRES:
        raise NotReadyError(
            f"PostgreSQL at {place} is version {version}; {OLDEST_POSTGRES} or newer is needed."
        )


async def _check_redis(url: str) -> None:
    place = _place(url, 6379)
    client = Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)
    try:
        await client.ping()
    except AuthenticationError as error:
        raise NotReadyError(f"Redis at {place} refuses us ({error}): check REDIS_URL.") from None
    except (RedisError, OSError) as error:
        raise NotReadyError(f"Redis at {place} cannot be reached ({_why(error)}): check REDIS_URL.") from None
    finally:
        await client.aclose()


def _place(url: str, port: int) -> str:
    """The address without role, password and options."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or port}" if parts.hostname else parts.path or "its socket"


def _why(error: BaseException) -> str:
    cause = error if isinstance(error, OSError) else error.__cause__ or error.__context__ or error
    if isinstance(cause, TimeoutError):
        return f"no answer within {PATIENCE} seconds"
    if isinstance(cause, ConnectionRefusedError) or getattr(cause, "errno", 0) == errno.ECONNREFUSED:
        return "nothing listens there"
    if isinstance(cause, socket.gaierror):
        return "the name is not known"
    return (getattr(cause, "strerror", "") or str(cause) or type(cause).__name__).rstrip(".")


def _port_sentence(error: OSError, bind: str, port: int, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program: choose another with {option}."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for the system: choose one above 1024 with {option}."
    return f"Port {port} on {bind} cannot be used ({error.strerror}): choose another with {option}."

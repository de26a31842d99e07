"""How long things live, and what each security profile asks of an app."""

from dataclasses import dataclass
from datetime import timedelta

from tenants.sessions import LIFE as SESSION

CODE = timedelta(seconds=60)
PUSHED = timedelta(seconds=60)
PUT_ASIDE = timedelta(minutes=30)
"""A request waits this long for the person to come back from their bank."""
ID_TOKEN = timedelta(minutes=10)
LOGOUT_TOKEN = timedelta(seconds=120)
REFRESH = timedelta(days=30)
GRACE = timedelta(seconds=10)
"""A refresh token used twice within this time is two tabs racing, not a theft: refused, and nothing else happens."""
PUBLISHED = timedelta(seconds=300)
"""Discovery and keys may be cached this long, so a key is published that long before it signs."""
SIGNING = timedelta(days=90)
ASSERTION = timedelta(minutes=60)
"""The longest life of an app's own assertion that we believe."""
EARLY, LATE = 10, 60
"""Seconds that an app's clock may be ahead of ours, and behind it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What an app has to do at the protocol's doors, and how long what it gets is good for."""

    access: timedelta
    refresh: timedelta
    must_push: bool
    must_prove_key: bool
    rotates: bool
    methods: tuple[str, ...]
    algorithm: str


PROFILES: dict[str, Profile] = {
    "basic": Profile(
        access=timedelta(seconds=300),
        refresh=REFRESH,
        must_push=False,
        must_prove_key=False,
        rotates=True,
        methods=("client_secret_basic", "private_key_jwt", "none"),
        algorithm="RS256",
    ),
    "strict": Profile(
        access=timedelta(seconds=180),
        refresh=SESSION,
        must_push=True,
        must_prove_key=False,
        rotates=True,
        methods=("private_key_jwt",),
        algorithm="ES256",
    ),
    "fapi2": Profile(
        access=timedelta(seconds=300),
        refresh=REFRESH,
        must_push=True,
        must_prove_key=True,
        rotates=False,
        methods=("private_key_jwt",),
        algorithm="ES256",
    ),
}

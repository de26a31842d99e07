"""Sign-in, sign-out, sessions, invitations."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []

"""PyLTI1p3 in a Django tool: login, launch, and who is here, as its documentation says."""

import json
import re
import tempfile
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import django
from browsing import TOLD, browse_page, done
from django.conf import settings

APP, ISSUER = TOLD["apps"]["lti"], TOLD["issuer"]
settings.configure(
    SECRET_KEY="only for this script",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    INSTALLED_APPS=["django.contrib.sessions"],
)
django.setup()

from django.http import JsonResponse  # noqa: E402 - Django wants its settings first
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402
from pylti1p3.contrib.django import DjangoMessageLaunch, DjangoOIDCLogin  # noqa: E402
from pylti1p3.tool_config import ToolConfDict  # noqa: E402

config = ToolConfDict(
    {
        ISSUER: [
            {
                "default": True,
                "client_id": APP["client_id"],
                "auth_login_url": f"{ISSUER}/oauth/authorize",
                "auth_token_url": f"{ISSUER}/oauth/token",
                "auth_audience": ISSUER,
                "key_set_url": f"{ISSUER}/oauth/jwks",
                "key_set": None,
                "deployment_ids": [APP["deployment"]],
            }
        ]
    }
)
config.set_private_key(ISSUER, APP["pem"], client_id=APP["client_id"])
config.set_public_key(ISSUER, APP["public_pem"], client_id=APP["client_id"])


def login(request):
    target = request.GET["target_link_uri"]
    return DjangoOIDCLogin(request, config).redirect(target)


def launch(request):
    message = DjangoMessageLaunch(request, config)
    told = message.get_launch_data()
    found = {"told": told, "has_roster": message.has_nrps(), "members": []}
    if found["has_roster"]:
        found["members"] = message.get_nrps().get_members()
    return JsonResponse(found)


urlpatterns = [path("login", login), path("back", launch)]
tool = Client(HTTP_HOST="app.example", SERVER_PORT="443")
started = urlsplit(TOLD["launch"])
away = tool.get(f"/login?{started.query}", secure=True)
page = browse_page(away.headers["Location"])
fields = {
    unescape(name): unescape(value)
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
}
answer = tool.post("/back", fields, secure=True)
assert Path(tempfile.gettempdir()).exists()
done(**json.loads(answer.content))

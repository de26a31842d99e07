"""PyLTI1p3 in a Django tool, as its documentation says: launch, who is here, picking, marks."""

import datetime as dt
import json
import re
import tempfile
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import django
from browsing import TOLD, browse, browse_page, done, post_form
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
from pylti1p3.contrib.django.message_launch import DjangoMessageLaunch  # noqa: E402
from pylti1p3.contrib.django.oidc_login import DjangoOIDCLogin  # noqa: E402
from pylti1p3.deep_link_resource import DeepLinkResource  # noqa: E402
from pylti1p3.grade import Grade  # noqa: E402
from pylti1p3.lineitem import LineItem  # noqa: E402
from pylti1p3.tool_config.dict import ToolConfDict  # noqa: E402

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
    """Tell what came; a request to pick is answered with a quiz, which marks the first learner when it is opened."""
    message = DjangoMessageLaunch(request, config)
    if message.is_deep_link_launch():
        line = LineItem().set_label("Fractions").set_score_maximum(20).set_tag("quiz")
        quiz = DeepLinkResource().set_title("Fractions").set_url("https://app.example/back")
        quiz.set_custom_params({"quiz": "7"}).set_lineitem(line)
        return JsonResponse({"form": message.get_deep_link().output_response_form([quiz])})
    members = message.get_nrps().get_members() if message.has_nrps() else []
    found = {"told": message.get_launch_data(), "has_roster": message.has_nrps(), "members": members}
    return JsonResponse(found | (marked(message.get_ags(), members) if message.has_ags() else {}))


def marked(grades, members):
    learner = next(one for one in members if any(role.endswith("#Learner") for role in one["roles"]))
    mark = Grade().set_score_given(9).set_score_maximum(10).set_user_id(learner["user_id"])
    mark.set_timestamp(dt.datetime.now(dt.UTC).isoformat())
    grades.put_grade(mark.set_activity_progress("Completed").set_grading_progress("FullyGraded"))
    essay = LineItem().set_label("Essay").set_score_maximum(5).set_tag("essay")
    return {
        "learner": learner,
        "essay": grades.find_or_create_lineitem(essay).get_label(),
        "results": grades.get_grades(grades.find_lineitem_by_tag("quiz")),
        "columns": [one["label"] for one in grades.get_lineitems()],
    }


def opened(address):
    """Go the way of a launch: the tool's login, our page, and back by its form."""
    started = urlsplit(address)
    away = tool.get(f"/login?{started.query}", secure=True)
    page = browse_page(away.headers["Location"])
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    answer = tool.post("/back", {unescape(k): unescape(v) for k, v in fields.items()}, secure=True)
    return json.loads(answer.content)


urlpatterns = [path("login", login), path("back", launch)]
tool = Client(HTTP_HOST="app.example", SERVER_PORT="443")
assert Path(tempfile.gettempdir()).exists()
if "picking" in TOLD:
    form = opened(browse(TOLD["picking"]))["form"]
    action, token = re.search(r'action="([^"]*)"', form)[1], re.search(r'value="([^"]*)"', form)[1]
    at = post_form(unescape(action), {"JWT": unescape(token)})
    item = re.search(r'href="([^"]*[?]item=[^"]*)"', browse_page(ISSUER + at))[1]
    done(at=at, **opened(browse(ISSUER + unescape(item))))
else:
    done(**opened(TOLD["launch"]))

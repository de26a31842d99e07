"""mozilla-django-oidc, set up as its documentation says, makes a Django user of whoever signs in."""

from urllib.parse import urlsplit

import django
from browsing import TOLD, browse, done
from django.conf import settings

APP, ISSUER = TOLD["apps"]["django"], TOLD["issuer"]
settings.configure(
    SECRET_KEY="only for this script",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="django_oidc_urls",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGIN_REDIRECT_URL="/in",
    LOGIN_REDIRECT_URL_FAILURE="/failed",
    OIDC_RP_CLIENT_ID=APP["client_id"],
    OIDC_RP_CLIENT_SECRET=APP["secret"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile email",
    OIDC_USE_PKCE=True,
    OIDC_TOKEN_USE_BASIC_AUTH=True,
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}/oauth/authorize",
    OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}/oauth/token",
    OIDC_OP_USER_ENDPOINT=f"{ISSUER}/oauth/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}/oauth/jwks",
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - Django wants its settings first
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

call_command("migrate", verbosity=0)
client = Client(HTTP_HOST="rp.example")
away = client.get("/oidc/authenticate/")
back = urlsplit(browse(away.headers["Location"]))
answer = client.get(f"{back.path}?{back.query}")
users = list(get_user_model().objects.values_list("email", flat=True))
done(went_to=answer.headers["Location"], users=users, is_in="_auth_user_id" in client.session)

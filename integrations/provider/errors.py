"""Errors of OpenID Connect that Authlib has no class for, or keeps elsewhere."""

from authlib.oauth2.rfc6749 import OAuth2Error


class RequestNotSupportedError(OAuth2Error):  # type: ignore[misc]
    """A request object came by value; we refuse rather than ignore it."""

    error = "request_not_supported"


class RequestUriNotSupportedError(OAuth2Error):  # type: ignore[misc]
    """A request object came by an address that is not ours."""

    error = "request_uri_not_supported"


class InvalidRequestUriError(OAuth2Error):  # type: ignore[misc]
    """A pushed request that is not there, not this app's, used or too old."""

    error = "invalid_request_uri"


class RegistrationNotSupportedError(OAuth2Error):  # type: ignore[misc]
    """Apps are admitted, they do not register themselves."""

    error = "registration_not_supported"


class LoginRequiredError(OAuth2Error):  # type: ignore[misc]
    """The person has to sign in, and the app asked not to show anything."""

    error = "login_required"


class InteractionRequiredError(OAuth2Error):  # type: ignore[misc]
    """The person has to choose something, and the app asked not to show anything."""

    error = "interaction_required"


class ConsentRequiredError(OAuth2Error):  # type: ignore[misc]
    """The person has to agree, and the app asked not to show anything."""

    error = "consent_required"


class UnmetAuthenticationError(OAuth2Error):  # type: ignore[misc]
    """The person could not sign in as strongly as is needed."""

    error = "unmet_authentication_requirements"


class InvalidTokenError(OAuth2Error):  # type: ignore[misc]
    """The access token is not good for this."""

    error = "invalid_token"
    status_code = 401

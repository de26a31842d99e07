"""Errors as SCIM says them (RFC 7644, 3.12)."""

from typing import Any

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimError(Exception):
    """What a program asked for cannot be done. ``kind`` is SCIM's own word for it (``scimType``)."""

    def __init__(self, status: int, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind

    def body(self) -> dict[str, Any]:
        """Return the message."""
        told: dict[str, Any] = {"schemas": [ERROR], "status": str(self.status), "detail": self.detail}
        return told | ({"scimType": self.kind} if self.kind else {})


def bad(detail: str, kind: str = "invalidValue") -> ScimError:
    """Return the error for a request that is wrong."""
    return ScimError(400, detail, kind)

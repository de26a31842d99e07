"""A filled form on its way to a document: what was typed, and which field each path of the document came from."""

from collections.abc import Mapping

from billing.rules.nodes import Key


class Draft:
    """Reads fields by name and remembers where in the document each one goes."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        self._origin: dict[str, str] = {}

    def read(self, field: str, path: str, default: str = "") -> str:
        """Return what was typed, without the space around it, or ``default`` for a blank."""
        self._origin[path] = field
        return self.fields.get(field, "").strip() or default

    def optional(self, field: str, path: str) -> str | None:
        """Return what was typed, None for a blank."""
        return self.read(field, path) or None

    def key(self, field: str, path: str) -> Key:
        """Return what was typed as a value that an attribute is compared with."""
        return as_key(self.read(field, path))

    def several(self, field: str, path: str) -> list[Key]:
        """Return the values that were typed with commas between them."""
        typed = self.read(field, path).replace("\N{FULLWIDTH COMMA}", ",").split(",")
        return [as_key(value.strip()) for value in typed if value.strip()]

    def numbers(self, group: str, *also: str) -> list[int]:
        """Return the numbers of the members of a repeated group in which anything was typed, in order."""
        starts = tuple(f"{name}." for name in (group, *also))
        found = {
            int(field.split(".")[1])
            for field, value in self.fields.items()
            if field.startswith(starts) and field.split(".")[1].isdecimal() and value.strip()
        }
        return sorted(found)

    def field_of(self, path: str) -> str:
        """Return the field that a path came from, or that of the nearest path around it; blank for the form."""
        while path and path not in self._origin:
            path = path.rpartition(".")[0]
        return self._origin.get(path, "")


def as_key(typed: str) -> Key:
    """Return a typed key as the value it looks like, so that yes and no are shown in the reader's words."""
    return {"true": True, "false": False}.get(typed, typed)

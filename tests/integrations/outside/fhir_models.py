"""PyPI's fhir.resources reads every resource that we tell (its models of R4B, which are R4's for these kinds)."""

import json
import os
from typing import Any

from fhir.resources.R4B import get_fhir_model_class  # type: ignore[import-not-found]
from pydantic import ValidationError

told = json.loads(os.environ["TOLD"])


def wrong(resource: dict[str, Any]) -> list[str]:
    """Return what is wrong with a resource."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [f"{resource['resourceType']}: {each['loc']} {each['msg']}" for each in error.errors()]
    return []


found = [text for resource in told["resources"] for text in wrong(resource)]
print(json.dumps({"wrong": found, "count": len(told["resources"])}))  # noqa: T201 - that is how

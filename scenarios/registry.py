"""The scenarios of this deployment: one line each."""

SCENARIO_PACKAGES = ("scenarios.community",)


def model_modules() -> list[str]:
    """Return the modules that hold scenario tables, for the database configuration."""
    return [f"{package}.models" for package in SCENARIO_PACKAGES]

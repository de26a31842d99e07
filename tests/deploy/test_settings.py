from pathlib import Path

import pytest

from deploy.settings import Settings, SettingsError

PRODUCTION = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://app:pw@db/cloud",
    "REDIS_URL": "redis://redis:6379/0",
    "PUBLIC_URL": "https://cloud.example",
    "SECRET_KEY": "k" * 32,
    "SMTP_URL": "smtp://mail:25",
}


def given(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def problems(**overrides: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings(**overrides)
    return caught.value.problems


def test_a_bare_machine_gets_embedded_servers_and_a_sandbox(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, port=9000)
    assert settings.has_embedded_database
    assert settings.has_embedded_redis
    assert settings.database_url.get_secret_value() == f"postgresql://cloud_app@/cloud?host={data_dir}/run"
    assert settings.public_url == "http://localhost:9000"
    assert settings.sandbox_url == "http://127.0.0.1:9100"
    assert settings.stripe_api_base == settings.sandbox_url
    assert settings.sandbox_smtp_port == 9125


def test_everything_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    given(
        monkeypatch,
        {"PORT": "99999", "DATABASE_URL": "mysql://db", "LOG_LEVEL": "loud", "SECRET_KEY": "short"},
    )
    said = " ".join(problems(data_dir=data_dir))
    for name in ("PORT", "DATABASE_URL", "LOG_LEVEL", "SECRET_KEY"):
        assert name in said


def test_production_has_no_defaults(data_dir: Path) -> None:
    said = problems(environment="production", data_dir=data_dir)
    missing = [text.split()[0] for text in said if "is missing" in text]
    assert missing == ["DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "SMTP_URL"]
    assert not (data_dir / "secret_key").exists()


def test_production_takes_what_it_is_told_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PRODUCTION)
    settings = Settings()
    assert not settings.has_embedded_database
    assert settings.sandbox_url == ""
    assert settings.stripe_api_base == "https://api.stripe.com"
    assert settings.log_format == "json"


@pytest.mark.parametrize(
    "url", ["http://cloud.example", "https://cloud.example/path", "cloud.example", "https://"]
)
def test_production_needs_a_secure_public_address_without_a_path(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    given(monkeypatch, PRODUCTION | {"PUBLIC_URL": url})
    assert any("PUBLIC_URL" in text for text in problems())


def test_half_of_stripe_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PRODUCTION | {"STRIPE_API_KEY": "sk_live_x"})
    assert problems() == ["STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET have to be set together."]


def test_real_stripe_keys_lead_to_the_real_stripe(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, stripe_api_key="sk_test_1", stripe_webhook_secret="whsec_1")
    assert settings.stripe_api_base == "https://api.stripe.com"


def test_a_value_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    (data_dir / "key").write_text("f" * 40 + "\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(data_dir / "key"))
    assert Settings(data_dir=data_dir).secret_key.get_secret_value() == "f" * 40
    monkeypatch.setenv("SECRET_KEY", "e" * 40)
    assert Settings(data_dir=data_dir).secret_key.get_secret_value() == "e" * 40


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setenv("SMTP_URL_FILE", "/nowhere/smtp")
    assert problems(data_dir=data_dir) == [
        "SMTP_URL_FILE: the file /nowhere/smtp cannot be read (No such file or directory)."
    ]


def test_no_problem_repeats_a_value(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    given(
        monkeypatch, {"DATABASE_URL": "mysql://u:hunter2@db", "SECRET_KEY": "hunter2", "SMTP_URL": "hunter2"}
    )
    assert "hunter2" not in " ".join(problems(data_dir=data_dir))


def test_printing_the_settings_shows_no_secret(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, database_url="postgresql://a:hunter2@db/c", secret_key="s" * 32)
    assert "hunter2" not in repr(settings)
    assert "s" * 32 not in repr(settings)


def test_the_secret_key_is_made_once_and_kept_from_others(data_dir: Path) -> None:
    first = Settings(data_dir=data_dir).secret_key.get_secret_value()
    assert Settings(data_dir=data_dir).secret_key.get_secret_value() == first
    assert (data_dir / "secret_key").stat().st_mode & 0o077 == 0


def test_each_purpose_has_a_key_of_its_own(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    assert settings.secret("sessions") == settings.secret("sessions") != settings.secret("links")


def test_a_child_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, port=9001, metrics_token="t" * 10)
    given(monkeypatch, settings.environ())
    assert Settings() == settings


def test_a_child_process_gets_the_same_outside_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PRODUCTION)
    settings = Settings()
    for name in PRODUCTION:
        monkeypatch.delenv(name)
    given(monkeypatch, settings.environ())
    assert Settings() == settings


def test_sockets_of_a_long_path_stay_short_enough(data_dir: Path) -> None:
    deep = data_dir / ("a" * 60) / ("b" * 60)
    url = Settings(data_dir=deep).redis_url.get_secret_value()
    path = url.removeprefix("unix://").removesuffix("?db=0")
    assert len(path) < 100
    assert url != Settings(data_dir=deep / "c").redis_url.get_secret_value()

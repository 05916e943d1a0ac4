"""Where settings come from, which of them wins, and what is refused."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from creatorflow.outside import gateways
from creatorflow.settings import DEMO_LIMIT, DEMO_UNIT_COST, MASK, SettingMissing, Settings, describe
from gateways.suppliers.mail import MailSupplier

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CREATORFLOW_{name.upper()}", raising=False)
    monkeypatch.delenv("CREATORFLOW_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def _home_with(folder: Path, file: str, **values: object) -> Path:
    (folder / file).write_text(json.dumps(values))
    return folder


def _origins(settings: Settings) -> dict[str, tuple[str, str]]:
    return {name: (value, origin) for name, value, origin in describe(settings)}


def test_defaults_describe_the_local_stack() -> None:
    """Without any setting, everything points at a stack on this machine, under the present folder."""
    settings = Settings()
    assert settings.home == Path.cwd() / ".creatorflow"
    assert settings.kafka == "127.0.0.1:19092"
    assert "port=15432" in settings.postgres
    assert (settings.partitions, settings.replication_factor) == (4, 1)
    assert settings.kafka_is_local
    assert settings.postgres_is_local
    assert settings.valkey == "valkey://127.0.0.1:16379"
    assert settings.valkey_is_local


def test_environment_beats_file_beats_stack_beats_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the four places that can give a value, the one nearest to the operator wins."""
    home = _home_with(tmp_path, "stack.json", kafka_port=1001, postgres_port=1001, api_port=1001)
    config = tmp_path / "creatorflow.toml"
    config.write_text(f'home = "{home}"\nkafka_port = 1002\npostgres_port = 1002\n')
    monkeypatch.setenv("CREATORFLOW_CONFIG", str(config))
    monkeypatch.setenv("CREATORFLOW_KAFKA_PORT", "1003")
    settings = Settings()
    ports = (settings.kafka_port, settings.postgres_port, settings.api_port, settings.ingress_port)
    assert ports == (1003, 1002, 1001, 8080)


def test_describe_names_the_origin_of_each_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator sees which variable or file a value came from."""
    config = tmp_path / "creatorflow.toml"
    config.write_text("workers = 3\n")
    monkeypatch.setenv("CREATORFLOW_CONFIG", str(config))
    monkeypatch.setenv("CREATORFLOW_API_PORT", "9000")
    _home_with(tmp_path, "stack.json", kafka_port=1001)
    origins = _origins(Settings(home=tmp_path))
    assert origins["api_port"] == ("9000", "environment variable CREATORFLOW_API_PORT")
    assert origins["workers"] == ("3", f"file {config}")
    assert origins["kafka_port"] == ("1001", "stack.json")
    assert origins["home"] == (str(tmp_path), "argument")
    assert origins["ingress_port"] == ("8080", "default")


def test_describe_masks_every_secret(tmp_path: Path) -> None:
    """What `creatorflow settings` prints holds no secret, the one inside the connection string included."""
    _home_with(tmp_path, "secrets.json", webhook_secret="sesame", master_key=KEY.hex())
    for postgres in ("host=h user=u password='open \\'sesame' dbname=d", "postgresql://u:sesame@h/d"):
        settings = Settings(home=tmp_path, postgres=postgres)
        shown = str(describe(settings)) + repr(settings)
        assert "sesame" not in shown
        assert KEY.hex() not in shown
        assert MASK in _origins(settings)["postgres"][0]
    assert _origins(Settings(home=tmp_path))["webhook_secret"] == (MASK, "secrets.json")


def test_valkey_may_be_named_by_host_and_port_or_by_a_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both name a server that `creatorflow up` does not provide; the password in it is never shown."""
    monkeypatch.setenv("CREATORFLOW_VALKEY", "cache:6379")
    assert Settings().valkey == "valkey://cache:6379"
    monkeypatch.setenv("CREATORFLOW_VALKEY", "valkeys://:sesame@cache:6379/2")
    assert not Settings().valkey_is_local
    assert Settings().valkey == "valkeys://:sesame@cache:6379/2"
    assert "sesame" not in str(describe(Settings())) + repr(Settings())


def test_a_named_cluster_is_not_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster named by the operator is used as it is, with room and copies as a real one has."""
    monkeypatch.setenv("CREATORFLOW_KAFKA", "broker:9092")
    settings = Settings()
    assert not settings.kafka_is_local
    assert settings.postgres_is_local
    assert (settings.partitions, settings.replication_factor) == (12, 3)


def test_a_cluster_from_the_stack_file_is_local(tmp_path: Path) -> None:
    """What `up` wrote about its own services does not look like somebody else's."""
    home = _home_with(tmp_path, "stack.json", kafka="127.0.0.1:1001", postgres="host=x", kafka_controller_port=1002)
    settings = Settings(home=home)
    assert settings.kafka == "127.0.0.1:1001"
    assert settings.kafka_is_local
    assert settings.postgres_is_local
    assert settings.partitions == 4


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_listening_beyond_loopback_is_refused(host: str) -> None:
    """Nobody else can reach the processes as long as there are no keys to tell who they are."""
    with pytest.raises(ValidationError, match="until API keys exist"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_is_allowed(host: str) -> None:
    """Every form of this machine's own address is fine."""
    assert Settings(host=host).host == host


@pytest.mark.parametrize("text", [KEY.hex(), base64.b64encode(KEY).decode()])
def test_the_master_key_may_be_hex_or_base64(text: str) -> None:
    """Either usual form of the 32 bytes is understood."""
    assert Settings.model_validate({"master_key": text}).require_master_key() == KEY


@pytest.mark.parametrize("text", ["", "abcd", "x" * 64, base64.b64encode(KEY[:31]).decode()])
def test_a_master_key_that_is_not_32_bytes_is_refused(text: str) -> None:
    """A short key is an error at start, not weak encryption later; and the error does not show it."""
    with pytest.raises(ValidationError, match="32 bytes") as refused:
        Settings.model_validate({"master_key": text})
    assert not text or text not in str(refused.value)


def test_a_missing_webhook_secret_names_its_variable() -> None:
    """Ingress without a secret says which variable is missing."""
    with pytest.raises(SettingMissing, match="CREATORFLOW_WEBHOOK_SECRET"):
        Settings().require_webhook_secret()


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CREATORFLOW_KAFKA=` in a shell or compose file means the default."""
    monkeypatch.setenv("CREATORFLOW_KAFKA", "")
    assert Settings().kafka_is_local


def test_a_config_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mistyped file name does not silently start a local stack."""
    monkeypatch.setenv("CREATORFLOW_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingMissing, match=r"nowhere\.toml"):
        Settings()


def test_an_unknown_name_in_the_config_file_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mistyped setting is told, not passed over."""
    config = tmp_path / "creatorflow.toml"
    config.write_text("wrokers = 3\n")
    monkeypatch.setenv("CREATORFLOW_CONFIG", str(config))
    with pytest.raises(ValidationError, match="wrokers"):
        Settings()


def test_a_time_without_zone_is_refused() -> None:
    """The end of the previous secret's life is a point in time, the same on every machine."""
    with pytest.raises(ValidationError, match="webhook_secret_previous_until"):
        Settings.model_validate({"webhook_secret_previous_until": "2026-01-01T00:00:00"})


def test_settings_do_not_change() -> None:
    """What a process started with is what it runs with."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().workers = 3  # type: ignore[misc]


def test_children_are_given_what_only_the_parent_was_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A setting passed as an argument reaches the processes that are started with it."""
    settings = Settings.model_validate({"home": tmp_path, "tiktok_app_secret": "geheim", "workers": 3})
    for name, value in settings.for_children().items():
        monkeypatch.setenv(name, value)
    child = Settings()
    assert child.home == tmp_path
    assert child.workers == 3
    assert child.tiktok_app_secret == settings.tiktok_app_secret


def test_reloading_keeps_arguments_and_reads_files_again(tmp_path: Path) -> None:
    """After `up` has written its files, the same settings know the secrets."""
    settings = Settings(home=tmp_path, workers=3)
    _home_with(tmp_path, "secrets.json", webhook_secret="new")
    reloaded = settings.reloaded()
    assert reloaded.require_webhook_secret() == b"new"
    assert (reloaded.home, reloaded.workers) == (tmp_path, 3)


def test_only_the_local_stack_buys_without_being_told_to() -> None:
    """Its demo shop has limits and a cost; with a cluster of one's own every limit is 0, so that everything asks."""
    local = Settings()
    assert (local.buying_limit_order, local.buying_unit_cost) == (DEMO_LIMIT, DEMO_UNIT_COST)
    own = Settings(kafka="kafka.example:9092")
    assert {own.buying_limit_order, own.buying_limit_item, own.buying_limit_shop} == {Decimal(0)}
    assert own.buying_unit_cost is None
    with pytest.raises(ValidationError):
        Settings(buying_limit_order=-1)
    with pytest.raises(ValidationError):
        Settings(buying_currency="dollars")


def test_a_supplier_is_local_an_address_or_a_mailbox(tmp_path: Path) -> None:
    """By mail it needs a sender, which the supplier answers to; anything else is refused."""
    assert Settings(supplier="https://supplier.example").supplier == "https://supplier.example"
    by_mail = Settings(supplier="mailto:orders@supplier.example", home=tmp_path)
    with pytest.raises(SettingMissing, match="CREATORFLOW_MAIL_SENDER"):
        gateways(by_mail, "1")
    sending = Settings(supplier="mailto:orders@supplier.example", mail_sender="shop@example.test", home=tmp_path)
    assert isinstance(gateways(sending, "1").supplier, MailSupplier)
    with pytest.raises(ValidationError, match="supplier"):
        Settings(supplier="ftp://supplier.example")

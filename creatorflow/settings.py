"""
Read what an operator may set, from one place: this is the only module that looks at the environment.

Precedence: an argument, an environment variable `CREATORFLOW_*`, the TOML file named by `CREATORFLOW_CONFIG`, what
`creatorflow up` wrote under the home (`stack.json`, `secrets.json`), the default. `describe` says where each came from.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateways.quota import PER_MINUTE, Endpoint
from gateways.tiktok.endpoints import AUTH_URL, NAMES

PREFIX: Final = "CREATORFLOW_"
STACK_FILE: Final = "stack.json"
SECRETS_FILE: Final = "secrets.json"
MASTER_KEY_BYTES: Final = 32
ARGUMENT: Final = "argument"
DEMO_LIMIT: Final = Decimal(1_000_000)
DEMO_UNIT_COST: Final = Decimal(1)
MASK: Final = "********"
# The password in either form of a libpq connection string: password=... or //user:...@
_PASSWORD: Final = re.compile(r"(password=|//[^:/@\s]*:)('(?:[^'\\]|\\.)*'|[^\s@&]+)")

PortNumber = Annotated[int, Field(ge=1, le=65535)]


class SettingMissing(Exception):
    """A setting that this process cannot do without has no value; the message names the variable."""


class Settings(BaseSettings):
    """All settings of all processes; frozen, so that what a process started with is what it runs with."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path = Path(".creatorflow")
    cache: Path = Field(default_factory=lambda: Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "creatorflow")
    kafka: str = ""
    postgres: str = Field(default="", repr=False)
    valkey: str = Field(default="", repr=False)
    kafka_port: PortNumber = 19092
    postgres_port: PortNumber = 15432
    valkey_port: PortNumber = 16379

    host: str = "127.0.0.1"
    ingress_port: PortNumber = 8080
    api_port: PortNumber = 8081
    simulator_tiktok_port: PortNumber = 8090
    simulator_carrier_port: PortNumber = 8091
    simulator_supplier_port: PortNumber = 8092

    # How many workers run in all: it is also among how many a quota is divided while Valkey is away.
    workers: int = Field(default=2, ge=1, le=64)
    partitions: int = Field(default=12, ge=1, le=1000)
    replication_factor: int = Field(default=3, ge=1, le=9)

    webhook_secret: SecretStr | None = None
    webhook_secret_previous: SecretStr | None = None
    webhook_secret_previous_until: AwareDatetime | None = None
    content_secret: SecretStr | None = None
    tiktok_app_key: SecretStr | None = None
    tiktok_app_secret: SecretStr | None = None
    tiktok_app_secret_previous: SecretStr | None = None
    tiktok_app_secret_previous_until: AwareDatetime | None = None
    tiktok_access_token: SecretStr | None = None
    tiktok_shop_cipher: str = ""
    master_key: SecretStr | None = None

    carrier: str = "local"
    supplier: str = "local"
    tiktok_url: str | None = None
    tiktok_auth_url: str = AUTH_URL
    tiktok_versions: dict[str, str] = Field(default_factory=dict)
    tiktok_providers: dict[str, str] = Field(default_factory=dict)
    tiktok_quota_per_minute: int = Field(default=PER_MINUTE, ge=100)
    tiktok_quota: dict[Endpoint, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    mail_host: str = "127.0.0.1"
    mail_port: PortNumber = 25
    mail_security: Literal["none", "starttls", "tls"] = "starttls"
    mail_user: str = ""
    mail_password: SecretStr | None = None
    mail_sender: str = ""

    buying_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    new_item_hours: Annotated[float, Field(ge=0, le=672)] = 24
    buying_limit_order: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    buying_limit_item: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    buying_limit_shop: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    buying_unit_cost: Annotated[Decimal, Field(gt=0)] | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False

    origins: dict[str, str] = Field(default_factory=dict, repr=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first; the last one records which of them gave each value."""
        return (
            init_settings,
            EnvSettingsSource(settings_cls, env_ignore_empty=True),
            ConfigFile(settings_cls, _config_file()),
            HomeFile(settings_cls, STACK_FILE),
            HomeFile(settings_cls, SECRETS_FILE),
            Origins(settings_cls),
        )

    @model_validator(mode="before")
    @classmethod
    def _fill_what_depends_on_the_stack(cls, values: dict[str, Any]) -> dict[str, Any]:
        """
        A local stack is one broker and few partitions, and its demo shop may buy, new items too; a real cluster gets
        three copies and room to grow, and asks before it buys.
        """
        local = is_from_local_stack(values.get("origins", {}), "kafka")
        if local:
            for limit in ("buying_limit_order", "buying_limit_item", "buying_limit_shop"):
                values.setdefault(limit, DEMO_LIMIT)
            values.setdefault("buying_unit_cost", DEMO_UNIT_COST)
            values.setdefault("new_item_hours", 0)
        values.setdefault("partitions", 4 if local else 12)
        values.setdefault("replication_factor", 1 if local else 3)
        values.setdefault("kafka", f"127.0.0.1:{values.get('kafka_port', 19092)}")
        port = values.get("postgres_port", 15432)
        values.setdefault("postgres", f"host=127.0.0.1 port={port} dbname=creatorflow user=creatorflow")
        values.setdefault("valkey", f"127.0.0.1:{values.get('valkey_port', 16379)}")
        return values

    @field_validator("home", "cache")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("host")
    @classmethod
    def _loopback_only(cls, host: str) -> str:
        if not _is_loopback(host):
            raise ValueError(
                f"{host!r} is open to other machines, which is refused until API keys exist; use 127.0.0.1 or ::1"
            )
        return host

    @field_validator("valkey")
    @classmethod
    def _valkey_address(cls, address: str) -> str:
        return address if "://" in address else f"valkey://{address}"

    @field_validator("carrier")
    @classmethod
    def _local_or_http(cls, value: str) -> str:
        if value != "local" and not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is neither 'local' nor an http(s) address")
        return value

    @field_validator("tiktok_versions")
    @classmethod
    def _known_calls(cls, versions: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(versions.keys() - NAMES):
            raise ValueError(f"{', '.join(unknown)} is no call that is made; there are {', '.join(sorted(NAMES))}")
        return versions

    @field_validator("supplier")
    @classmethod
    def _local_http_or_mail(cls, value: str) -> str:
        if value != "local" and not value.startswith(("http://", "https://", "mailto:")):
            raise ValueError(f"{value!r} is neither 'local' nor an http(s) or mailto: address")
        return value

    @field_validator("master_key")
    @classmethod
    def _thirty_two_bytes(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            decode_key(key.get_secret_value())
        return key

    @property
    def kafka_is_local(self) -> bool:
        """Whether `creatorflow up` provides Kafka, as nothing named a cluster."""
        return is_from_local_stack(self.origins, "kafka")

    @property
    def postgres_is_local(self) -> bool:
        """Whether `creatorflow up` provides PostgreSQL, as nothing named a server."""
        return is_from_local_stack(self.origins, "postgres")

    @property
    def valkey_is_local(self) -> bool:
        """Whether `creatorflow up` provides Valkey, as nothing named a server."""
        return is_from_local_stack(self.origins, "valkey")

    def reloaded(self) -> Settings:
        """The same arguments over what environment and files say now."""
        return Settings(**{name: getattr(self, name) for name in self._arguments()})

    def for_children(self) -> dict[str, str]:
        """The environment that gives a child process those settings which only this one was told."""
        values = {name: getattr(self, name) for name in ("home", *self._arguments())}
        return {f"{PREFIX}{name.upper()}": _plain(value) for name, value in values.items() if value is not None}

    def _arguments(self) -> list[str]:
        return [name for name, origin in self.origins.items() if origin == ARGUMENT]

    @property
    def content_key(self) -> bytes | None:
        """The secret that readings of content are signed with, None where they are not."""
        return None if self.content_secret is None else self.content_secret.get_secret_value().encode()

    def require_webhook_secret(self) -> bytes:
        """The secret that webhooks are signed with; without one no webhook could be told from a forgery."""
        return self._require("webhook_secret").encode()

    def require_tiktok_app(self) -> tuple[str, str]:
        """Key and secret of the TikTok app, which sign every request to the marketplace."""
        return self._require("tiktok_app_key"), self._require("tiktok_app_secret")

    def require_tiktok_access(self) -> tuple[str, str]:
        """The shop's cipher and access token, without which the marketplace answers nothing."""
        return self._require("tiktok_shop_cipher"), self._require("tiktok_access_token")

    def require_mail_sender(self) -> str:
        """The address that orders by mail come from, and that the supplier answers to."""
        return self._require("mail_sender")

    def require_master_key(self) -> bytes:
        """The 32 bytes that wrap the key of each buyer."""
        return decode_key(self._require("master_key"))

    def _require(self, name: str) -> str:
        value: SecretStr | str | None = getattr(self, name)
        if not value or (isinstance(value, SecretStr) and not value.get_secret_value()):
            raise SettingMissing(
                f"{PREFIX}{name.upper()} is not set; set it, or run `creatorflow up`, which makes a local one"
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else value


class ConfigFile(TomlConfigSettingsSource):
    """The TOML file that `CREATORFLOW_CONFIG` names; a name that leads nowhere is an error, not an empty file."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path | None) -> None:
        if path is not None and not path.is_file():
            raise SettingMissing(f"{PREFIX}CONFIG names {path}, which is not a file")
        self.__name__ = f"file {path}"
        super().__init__(settings_cls, toml_file=path)


class HomeFile(PydanticBaseSettingsSource):
    """What an earlier `creatorflow up` wrote under the home; keys that are no setting are the stack's own."""

    def __init__(self, settings_cls: type[BaseSettings], name: str) -> None:
        super().__init__(settings_cls)
        self.__name__ = name

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the file is read whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        home = Path(self.current_state.get("home", Settings.model_fields["home"].default)).expanduser()
        try:
            content = json.loads((home / self.__name__).read_text())
        except FileNotFoundError:
            return {}
        known = Settings.model_fields.keys() - {"home", "origins"}
        return {name: value for name, value in content.items() if name in known}


class Origins(PydanticBaseSettingsSource):
    """Not a source of values: it notes for each setting which of the sources before it was the first to give it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the notes are made whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        origins: dict[str, str] = {}
        for source, values in self.settings_sources_data.items():
            for name in values:
                origins.setdefault(name, _origin(source, name))
        return {"origins": origins}


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Every setting as (name, value with secrets masked, where it came from), for `creatorflow settings`."""
    names = [name for name in type(settings).model_fields if name != "origins"]
    return [(name, _shown(getattr(settings, name)), settings.origins.get(name, "default")) for name in names]


def decode_key(text: str) -> bytes:
    """A key of 32 bytes from its hex or base64 form."""
    for decode in (bytes.fromhex, lambda value: base64.b64decode(value, validate=True)):
        try:
            key = decode(text.strip())
        except (ValueError, binascii.Error):
            continue
        if len(key) == MASTER_KEY_BYTES:
            return key
    raise ValueError(f"a key is {MASTER_KEY_BYTES} bytes, written as hex or base64")


def is_from_local_stack(origins: dict[str, str], name: str) -> bool:
    """Whether nobody but the local stack itself said where this service is."""
    return origins.get(name, "default") in ("default", STACK_FILE)


def _config_file() -> Path | None:
    name = os.environ.get(f"{PREFIX}CONFIG")
    return Path(name).expanduser() if name else None


def _origin(source: str, name: str) -> str:
    if source == EnvSettingsSource.__name__:
        return f"environment variable {PREFIX}{name.upper()}"
    return ARGUMENT if source == InitSettingsSource.__name__ else source


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return MASK
    text = "" if value is None else str(value)
    return _PASSWORD.sub(rf"\1{MASK}", text)

"""Settings: `KPO_*` variables and one optional `kpo.toml`; the value that counts, and where it came from."""

import os
from pathlib import Path
from typing import Any

from pydantic import AnyHttpUrl, Field, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from rapidfuzz import process

from corpus.errors import ConfigError
from index.models import EMBEDDING, RERANKER

HOUSE = Path(__file__).resolve().parent.parent
PREFIX = "KPO_"


class Settings(BaseSettings):
    """All that can be set. An option wins over the environment, that over `kpo.toml`, that over the default; an empty variable is not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, toml_file=HOUSE / "kpo.toml", extra="forbid", frozen=True)
    _given: frozenset[str] = PrivateAttr(frozenset())  # names that came as an option of the command

    data_dir: Path = Field(HOUSE / "data", description="where the index and the records are kept")
    models_dir: Path = Field(HOUSE / "data" / "models", description="where compiled models are kept, for all data folders")
    embedding_model: str = Field(EMBEDDING.name, description="the shipped model, or a folder with a sentence-transformers model")
    reranker_model: str = Field(RERANKER.name, description="the shipped reranker, or a folder with a cross-encoder")
    chroma_url: AnyHttpUrl | None = Field(None, description="a Chroma server to use instead of the embedded one")
    host: str = Field("127.0.0.1", description="the address that `kpo serve` listens on")
    port: int = Field(7860, ge=1, le=65535, description="the port that `kpo serve` listens on")
    refusal_note: str | None = Field(None, max_length=500, description="a text that the page shows under a refusal, such as whom to ask")
    old_after_months: int | None = Field(None, ge=1, description="the age in months from which the page says that a document is old")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(data_dir: Path | None = None) -> Settings:
    """The settings in force. Raises ConfigError for an unknown name, with the name that was probably meant, or a bad value."""
    names = [PREFIX + name.upper() for name in Settings.model_fields]
    # KPO_ACCEPT belongs to the tests, see Makefile.
    for given in sorted(key for key in os.environ if key.startswith(PREFIX) and key not in (*names, "KPO_ACCEPT")):
        meant = process.extractOne(given, names)
        raise ConfigError(f"there is no setting {given}", f"did you mean {meant[0]}? The settings are: {', '.join(names)}")
    options: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
    try:
        found = Settings(**options)
    except ValidationError as error:
        raise _as_config_error(error) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{Settings.model_config['toml_file']} cannot be read: {error}", "mend it, or delete it") from error
    found = found.model_copy(update={"data_dir": _absolute(found.data_dir), "models_dir": _absolute(found.models_dir)})
    found._given = frozenset(options)
    return found


def _absolute(path: Path) -> Path:
    return Path(os.path.expanduser(path)).resolve()  # Path.expanduser raises for an unknown ~name


def _as_config_error(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        meant = process.extractOne(name, list(Settings.model_fields))
        return ConfigError(f"kpo.toml has an unknown setting {name!r}", f"did you mean {meant[0]!r}?")
    about = Settings.model_fields[name].description if name in Settings.model_fields else ""
    return ConfigError(f"{PREFIX}{name.upper()} is {first['input']!r}: {first['msg'].lower()}", f"it is {about}")


def described(settings: Settings) -> list[dict[str, str]]:
    """Each setting with its value and where that came from, for `kpo status`."""
    toml = TomlConfigSettingsSource(Settings)()
    rows = []
    for name in Settings.model_fields:
        if name in settings._given:
            where = "--" + name.replace("_", "-")
        elif os.environ.get(PREFIX + name.upper()):
            where = "environment"
        else:
            where = "kpo.toml" if name in toml else "default"
        rows.append({"name": PREFIX + name.upper(), "value": str(getattr(settings, name)), "from": where})
    return rows

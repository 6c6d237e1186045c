"""Settings: `KPO_*` variables and one optional `kpo.toml`; the value that counts, and where it came from."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from rapidfuzz import process

from corpus.errors import ConfigError
from corpus.sources import expanded, real
from index.models import EMBEDDING, RERANKER

HOUSE = Path(__file__).resolve().parent.parent
PREFIX = "KPO_"
NESTED = "__"  # KPO_LLM__MODEL is the setting `model` of the group `llm`


def _no_truth(given: object) -> object:
    if isinstance(given, bool):  # a file can hold one, and pydantic would make 1 of true
        raise PydanticCustomError("truth", "Input should be a number")
    return given


class Llm(BaseModel):
    """The group `llm`: an OpenAI-compatible endpoint that drafts answers. Without an address there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: AnyHttpUrl | None = Field(default=None, description="the address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1")
    model: str = Field(default="", description="the name of the model, as that server knows it")
    api_key: SecretStr | None = Field(default=None, description="the key that the server asks for, if it does")
    timeout: float = Field(default=30.0, gt=0, le=600, description="seconds for a whole draft, after which the quoted answer stands in")
    price_in: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="the price of 1,000 tokens that are sent")
    price_out: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="the price of 1,000 tokens that are written")
    daily_budget: float | None = Field(default=None, ge=0, allow_inf_nan=False, description="what may be spent in a day (UTC), in the currency of the prices")
    rewrite: bool = Field(default=False, description="whether the model rewrites follow-up questions and proposes searches")

    _numbers = field_validator("timeout", "price_in", "price_out", "daily_budget", mode="before")(_no_truth)


class Settings(BaseSettings):
    """All that can be set. An option wins over the environment, that over `kpo.toml`, that over the default; an empty variable is not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, env_ignore_empty=True, toml_file=HOUSE / "kpo.toml", extra="forbid", frozen=True,
    )
    _given: frozenset[str] = PrivateAttr(frozenset())  # names that came as an option of the command

    data_dir: Path = Field(HOUSE / "data", description="where the index and the records are kept")
    models_dir: Path = Field(HOUSE / "data" / "models", description="where compiled models are kept, for all data folders")
    embedding_model: str = Field(EMBEDDING.name, description="the shipped model, or a folder with a sentence-transformers model")
    reranker_model: str = Field(RERANKER.name, description="the shipped reranker, or a folder with a cross-encoder")
    nli_model: str | None = Field(None, description="a folder with an NLI cross-encoder, which checks drafted sentences as well")
    chroma_url: AnyHttpUrl | None = Field(None, description="a Chroma server to use instead of the embedded one")
    host: str = Field("127.0.0.1", description="the address that the page is served at")
    port: int = Field(7860, ge=1, le=65535, description="the port that the page is served at")
    llm: Llm = Field(default_factory=Llm, description="the language model that drafts answers")
    refusal_note: str | None = Field(None, max_length=500, description="a text that the page shows under a refusal, such as whom to ask")
    old_after_months: int | None = Field(None, ge=1, description="the age in months from which the page says that a document is old")

    _numbers = field_validator("port", "old_after_months", mode="before")(_no_truth)

    @field_validator("data_dir", "models_dir", mode="before")
    @classmethod
    def _names_a_folder(cls, given: object) -> object:
        if given == "":  # Path makes the current folder of it
            raise PydanticCustomError("empty", "Input should name a folder")
        return given

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def named() -> Iterator[tuple[str, tuple[str, ...], FieldInfo]]:
    """Every setting that can be set: its variable, its path in the settings (of two names in a group), and what is declared of it."""
    for name, field in Settings.model_fields.items():
        if field.annotation is Llm:
            for inner, declared in Llm.model_fields.items():
                yield PREFIX + name.upper() + NESTED + inner.upper(), (name, inner), declared
        else:
            yield PREFIX + name.upper(), (name,), field


def load(data_dir: Path | None = None) -> Settings:
    """The settings in force. Raises ConfigError for an unknown name, with the name that was probably meant, or a bad value."""
    names = [name for name, _, _ in named()]
    # KPO_ACCEPT belongs to the tests, see Makefile.
    for given in sorted(key for key in os.environ if key.startswith(PREFIX) and key not in (*names, "KPO_ACCEPT")):
        meant = process.extractOne(given, names)
        raise ConfigError(f"there is no setting {given}", f"did you mean {meant[0]}? The settings are: {', '.join(names)}")
    options: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
    try:
        found = Settings(**options)
    except ValidationError as error:
        raise _as_config_error(error) from None  # what pydantic says of a group would show the key in it
    except (OSError, ValueError) as error:
        raise ConfigError(f"{Settings.model_config['toml_file']} cannot be read: {error}", "mend it, or delete it") from error
    _check_llm(found.llm)
    if found.chroma_url is not None and (found.chroma_url.username or found.chroma_url.password):
        raise ConfigError("KPO_CHROMA_URL holds a user or a password", "take it out of the address; Chroma is not sent one")
    found = found.model_copy(update={"data_dir": real(expanded(found.data_dir)), "models_dir": real(expanded(found.models_dir))})
    found._given = frozenset(options)
    return found


def _check_llm(llm: Llm) -> None:
    if llm.base_url is not None and not llm.model.strip():
        raise ConfigError("KPO_LLM__BASE_URL is set, and KPO_LLM__MODEL is not", "set KPO_LLM__MODEL to the name of the model, as the server knows it")
    if llm.base_url is not None and (llm.base_url.username or llm.base_url.password):
        raise ConfigError("KPO_LLM__BASE_URL holds a user or a password", "take it out of the address, and put the key into KPO_LLM__API_KEY")
    if llm.base_url is not None and (llm.base_url.query is not None or llm.base_url.fragment is not None):
        raise ConfigError("KPO_LLM__BASE_URL holds a ? or a #", "end the address with its path, such as /v1")
    key = llm.api_key.get_secret_value() if llm.api_key else ""
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError("KPO_LLM__API_KEY holds a space, a line break or a letter that no key has", "copy the key again")


def _as_config_error(error: ValidationError) -> ConfigError:
    first = error.errors(include_input=False)[0]
    path = tuple(str(part) for part in first["loc"])
    known = {at: (name, field) for name, at, field in named()}
    if first["type"] == "extra_forbidden":
        name = ".".join(path)
        meant = process.extractOne(name.lower().removeprefix(PREFIX.lower()).replace(NESTED, "."), [".".join(at) for at in known])
        return ConfigError(f"kpo.toml has an unknown setting {name!r}", f"did you mean {meant[0]!r}?")
    if path not in known:
        return ConfigError(f"{'.'.join(path)} in kpo.toml: {first['msg'].lower()}", f"write a table [{path[0]}] with settings of its own")
    name, field = known[path]
    if not os.environ.get(name):
        name = f"{'.'.join(path)} in kpo.toml"
    given = "" if field.annotation == SecretStr | None else f" is {error.errors()[0]['input']!r}"
    return ConfigError(f"{name}{given}: {first['msg'].lower()}", f"it is {field.description}")


def described(settings: Settings) -> list[dict[str, str]]:
    """Each setting with its value and where that came from, for `kpo status`. A key is never shown."""
    toml = TomlConfigSettingsSource(Settings)()
    rows = []
    for variable, path, _ in named():
        value: Any = settings
        written: Any = toml
        for part in path:
            value = getattr(value, part)
            written = written.get(part) if isinstance(written, dict) else None
        if path[0] in settings._given:
            where = "--" + path[0].replace("_", "-")
        elif os.environ.get(variable):
            where = "environment"
        else:
            where = "default" if written is None else "kpo.toml"
        shown = "not set" if value in (None, "") else "set" if isinstance(value, SecretStr) else str(value)
        rows.append({"name": variable, "value": shown, "from": where})
    return rows

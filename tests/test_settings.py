"""Settings: which value counts, where it came from, and what is said of one that cannot work."""

from pathlib import Path

import pytest

from assistant.settings import HOUSE, Settings, described, load, named
from corpus.errors import ConfigError


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kpo.toml of the test's own, in the place of the checkout's."""
    file = tmp_path / "kpo.toml"
    monkeypatch.setitem(Settings.model_config, "toml_file", file)
    return file


def where(settings: Settings) -> dict[str, str]:
    return {row["name"]: row["from"] for row in described(settings)}


def test_nothing_set_gives_the_defaults(toml: Path) -> None:
    settings = load()
    assert (settings.data_dir, settings.models_dir) == ((HOUSE / "data").resolve(), (HOUSE / "data" / "models").resolve())
    assert (settings.host, settings.port, settings.chroma_url) == ("127.0.0.1", 7860, None)
    assert set(where(settings).values()) == {"default"}
    said = {row["name"]: row["value"] for row in described(settings)}
    assert {said[name] for name in ("KPO_NLI_MODEL", "KPO_CHROMA_URL", "KPO_LLM__MODEL", "KPO_LLM__API_KEY", "KPO_REFUSAL_NOTE")} == {"not set"}
    assert (said["KPO_LLM__PRICE_IN"], said["KPO_LLM__REWRITE"]) == ("0.0", "False")


def test_an_option_wins_over_the_environment_which_wins_over_the_file(toml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml.write_text('port = 1111\nhost = "localhost"\ndata_dir = "/toml"\n')
    assert (load().port, load().host, load().data_dir) == (1111, "localhost", Path("/toml"))
    monkeypatch.setenv("KPO_PORT", "2222")
    monkeypatch.setenv("KPO_DATA_DIR", "/environment")
    assert (load().port, load().host, load().data_dir) == (2222, "localhost", Path("/environment"))
    settings = load(tmp_path / "option")
    assert settings.data_dir == tmp_path / "option"
    said = where(settings)
    assert (said["KPO_DATA_DIR"], said["KPO_PORT"]) == ("--data-dir", "environment")
    assert (said["KPO_HOST"], said["KPO_MODELS_DIR"]) == ("kpo.toml", "default")


def test_an_empty_variable_is_not_set(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load()
    for variable, _, _ in named():
        monkeypatch.setenv(variable, "")
    assert load() == before
    assert set(where(load()).values()) == {"default"}


def test_paths_are_absolute_whatever_was_given(toml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KPO_MODELS_DIR", "~/models")
    assert load(Path("here")).data_dir == tmp_path / "here"
    assert load().models_dir == tmp_path / "home" / "models"
    assert load(Path("~nobody-of-this-name/x")).data_dir == tmp_path / "~nobody-of-this-name" / "x"
    (tmp_path / "loop").symlink_to("loop")
    assert load(Path("loop")).data_dir == tmp_path / "loop"


@pytest.mark.parametrize(
    ("given", "meant"),
    [("KPO_PROT", "KPO_PORT"), ("KPO_DATADIR", "KPO_DATA_DIR"), ("KPO_MODEL_DIR", "KPO_MODELS_DIR"), ("KPO_CHROMA", "KPO_CHROMA_URL"),
     ("KPO_LLM__URL", "KPO_LLM__BASE_URL"), ("KPO_LLM_MODEL", "KPO_LLM__MODEL"), ("KPO_LLM", "KPO_LLM__BASE_URL")],
)
def test_an_unknown_name_is_an_error_that_suggests_the_right_one(
    given: str, meant: str, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(given, "1")
    with pytest.raises(ConfigError, match=f"there is no setting {given}$") as caught:
        load()
    assert caught.value.remedy.startswith(f"did you mean {meant}?")


def test_the_tests_own_variable_is_no_setting_and_no_error(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPO_ACCEPT", "1")
    assert load().port == 7860


@pytest.mark.parametrize(
    ("name", "value"),
    [("KPO_PORT", "abc"), ("KPO_PORT", "0"), ("KPO_PORT", "70000"), ("KPO_CHROMA_URL", "not a url"), ("KPO_CHROMA_URL", "ftp://x")],
)
def test_a_value_that_cannot_work_is_named_with_what_it_is_for(name: str, value: str, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert caught.value.message.startswith(f"{name} is {value!r}: ")
    assert caught.value.remedy == f"it is {Settings.model_fields[name[4:].lower()].description}"


@pytest.mark.parametrize(
    ("content", "given", "meant"),
    [("prot = 1111", "prot", "port"), ("KPO_PORT = 1", "KPO_PORT", "port"), ("KPO_LLM__MODEL = 'm'", "KPO_LLM__MODEL", "llm.model")],
)
def test_an_unknown_name_in_the_file_is_an_error_that_suggests_the_right_one(content: str, given: str, meant: str, toml: Path) -> None:
    toml.write_text(content)
    with pytest.raises(ConfigError, match=f"unknown setting '{given}'") as caught:
        load()
    assert caught.value.remedy == f"did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('port = "abc"', "port in kpo.toml is 'abc': input should be a valid integer"), ("port = true", "port in kpo.toml is True: input should be a number"),
        ("port = 0", "port in kpo.toml is 0: "), ("[llm]\ntimeout = true", "llm.timeout in kpo.toml is True: input should be a number"),
    ],
)
def test_a_value_in_the_file_that_cannot_work_is_named_as_it_stands_there(content: str, said: str, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load()
    assert caught.value.message.startswith(said)
    assert caught.value.remedy.startswith("it is ") and "`" not in caught.value.remedy
    monkeypatch.setenv("KPO_PORT", "many")
    monkeypatch.setenv("KPO_LLM__TIMEOUT", "long")
    with pytest.raises(ConfigError, match="^KPO_(PORT is 'many'|LLM__TIMEOUT is 'long'): "):
        load()


@pytest.mark.parametrize("name", ["data_dir", "models_dir"])
def test_an_empty_folder_in_the_file_is_not_the_current_one(name: str, toml: Path) -> None:
    toml.write_text(f'{name} = ""\n')
    with pytest.raises(ConfigError, match=f"^{name} in kpo.toml is '': input should name a folder"):
        load()


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(content: bytes, toml: Path) -> None:
    toml.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load()
    assert str(toml) in caught.value.message


def test_every_setting_is_described() -> None:
    assert all(field.description for _, _, field in named())


KEY = "sk-secret-123"


def test_the_llm_is_a_group_of_settings(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().llm.base_url is None
    toml.write_text('[llm]\nbase_url = "http://127.0.0.1:11434/v1"\nmodel = "small"\ntimeout = 5\n')
    monkeypatch.setenv("KPO_LLM__MODEL", "large")
    monkeypatch.setenv("KPO_LLM__API_KEY", KEY)
    settings = load()
    assert (str(settings.llm.base_url), settings.llm.model, settings.llm.timeout) == ("http://127.0.0.1:11434/v1", "large", 5)
    said = {row["name"]: (row["value"], row["from"]) for row in described(settings)}
    assert said["KPO_LLM__MODEL"] == ("large", "environment") and said["KPO_LLM__TIMEOUT"] == ("5.0", "kpo.toml")
    assert said["KPO_LLM__API_KEY"] == ("set", "environment") and said["KPO_LLM__REWRITE"] == ("False", "default")
    assert settings.llm.api_key and settings.llm.api_key.get_secret_value() == KEY
    assert KEY not in repr(settings) + str(described(settings)) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KPO_LLM__BASE_URL", "ftp://x"), ("KPO_LLM__TIMEOUT", "0"), ("KPO_LLM__PRICE_IN", "-1"), ("KPO_LLM__PRICE_IN", "inf"),
        ("KPO_LLM__PRICE_OUT", "inf"), ("KPO_LLM__DAILY_BUDGET", "inf"), ("KPO_LLM__BASE_URL", "http://127.0.0.1/v1?a=b"), ("KPO_LLM__REWRITE", "perhaps"),
        ("KPO_LLM__BASE_URL", "http://127.0.0.1/v1"), ("KPO_LLM__API_KEY", f"{KEY} x"), ("KPO_LLM__API_KEY", f"{KEY}é"),
    ],
)
def test_a_bad_value_of_the_llm_is_told_without_its_key(name: str, value: str, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPO_LLM__API_KEY", KEY)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name) as caught:
        load()
    assert KEY not in f"{caught.value.message} {caught.value.remedy} {caught.value.__cause__}"


def test_an_address_with_a_password_is_refused(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPO_LLM__BASE_URL", f"http://me:{KEY}@127.0.0.1/v1")
    monkeypatch.setenv("KPO_LLM__MODEL", "m")
    with pytest.raises(ConfigError, match="a user or a password") as caught:
        load()
    assert KEY not in caught.value.message + caught.value.remedy
    monkeypatch.delenv("KPO_LLM__BASE_URL")
    monkeypatch.setenv("KPO_CHROMA_URL", f"http://me:{KEY}@127.0.0.1:8000")
    with pytest.raises(ConfigError, match="KPO_CHROMA_URL holds a user or a password") as caught:
        load()
    assert KEY not in caught.value.message + caught.value.remedy


@pytest.mark.parametrize("content", [f'llm = "{KEY}"', f'[llm]\nkey = "{KEY}"', f'[llm]\napi_key = ["{KEY}"]'])
def test_a_mistake_in_the_files_group_is_told_without_its_key(content: str, toml: Path) -> None:
    toml.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load()
    assert KEY not in f"{caught.value.message} {caught.value.remedy} {caught.value.__cause__}"

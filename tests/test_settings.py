"""Settings: which value counts, where it came from, and what is said of one that cannot work."""

from pathlib import Path

import pytest

from assistant.settings import HOUSE, Settings, described, load
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
    for name in Settings.model_fields:
        monkeypatch.setenv(f"KPO_{name.upper()}", "")
    assert load() == before
    assert set(where(load()).values()) == {"default"}


def test_paths_are_absolute_whatever_was_given(toml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KPO_MODELS_DIR", "~/models")
    assert load(Path("here")).data_dir == tmp_path / "here"
    assert load().models_dir == tmp_path / "home" / "models"
    assert load(Path("~nobody-of-this-name/x")).data_dir == tmp_path / "~nobody-of-this-name" / "x"


@pytest.mark.parametrize(
    ("given", "meant"),
    [("KPO_PROT", "KPO_PORT"), ("KPO_DATADIR", "KPO_DATA_DIR"), ("KPO_MODEL_DIR", "KPO_MODELS_DIR"), ("KPO_CHROMA", "KPO_CHROMA_URL")],
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


def test_an_unknown_name_in_the_file_is_an_error_that_suggests_the_right_one(toml: Path) -> None:
    toml.write_text("prot = 1111\n")
    with pytest.raises(ConfigError, match="unknown setting 'prot'") as caught:
        load()
    assert caught.value.remedy == "did you mean 'port'?"


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(content: bytes, toml: Path) -> None:
    toml.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load()
    assert str(toml) in caught.value.message


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())

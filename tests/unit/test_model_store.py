"""Models come from folders, are found by engines, and go again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_hub import pipeline_files, weights, write_files
from maskengines.errors import BadInput, Cancelled, NotReady
from maskengines.weights.store import ModelStore
from maskengines.weights.store.catalogue import suggestions
from maskengines.weights.store.choosing import choose, is_licence
from maskengines.weights.store.records import RECORD


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MASKSTUDIO_MODELS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    return write_files(tmp_path / "my pipeline", pipeline_files(64))


def classifier() -> dict[str, bytes]:
    return {
        "config.json": b'{"architectures": ["ViTForImageClassification"]}',
        "model.safetensors": weights(9),
    }


def test_an_imported_pipeline_stands_alone(pipeline: Path) -> None:
    model = ModelStore().import_folder(pipeline)
    assert (model.id, model.record.kind) == ("my-pipeline", "pipeline")
    assert (model.record.licence, model.record.source) == ("creativeml-openrail-m", str(pipeline))
    shutil.rmtree(pipeline)
    path = ModelStore().resolve("my-pipeline")
    assert (path / "unet/diffusion_pytorch_model.safetensors").is_file()
    assert not [file for file in path.rglob("*") if file.suffix in (".bin", ".ckpt", ".py")]
    assert ModelStore().installed() == [model]


def test_what_links_point_to_is_copied(tmp_path: Path) -> None:
    files = write_files(tmp_path / "blobs", classifier())
    folder = tmp_path / "linked"
    folder.mkdir()
    for name in classifier():
        (folder / name).symlink_to(files / name)
    model = ModelStore().import_folder(folder)
    shutil.rmtree(files)
    assert not (model.path / "model.safetensors").is_symlink()
    assert (model.path / "model.safetensors").read_bytes() == weights(9)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (pipeline_files(64), "pipeline"),
        (classifier(), "classifier"),
        ({"config.json": b'{"model_type": "vitpose"}', "model.safetensors": weights()}, "vitpose"),
        ({"config.json": b'{"architectures": ["BertModel"]}', "model.safetensors": weights()}, "network"),
        ({"config.json": b'{"_class_name": "ControlNetModel"}',
          "diffusion_pytorch_model.safetensors": weights()}, "controlnet"),
        ({"config.json": b'{"_class_name": "AutoencoderKL"}',
          "diffusion_pytorch_model.safetensors": weights()}, "component"),
        ({"pytorch_lora_weights.safetensors": weights(4, 0, "unet.to_k.lora_A.weight")}, "lora"),
        ({"style.safetensors": weights(4, 0, "lora_unet_down.lora_up.weight")}, "lora"),
        ({"v1-5-inpainting.safetensors": weights()}, "checkpoint"),
    ],
)  # fmt: skip
def test_the_kind_is_told_by_the_files(tmp_path: Path, files: dict[str, bytes], kind: str) -> None:
    assert ModelStore().import_folder(write_files(tmp_path / "some", files)).record.kind == kind


def test_a_lone_file_is_imported_under_its_name(tmp_path: Path) -> None:
    folder = write_files(
        tmp_path / "loras", {"a.safetensors": weights(4, 0, "x.lora_A"), "b.safetensors": weights()}
    )
    with pytest.raises(BadInput, match="does not say which"):
        ModelStore().import_folder(folder)
    model = ModelStore().import_folder(folder / "a.safetensors")
    assert (model.id, model.record.kind) == ("a", "lora")
    assert [path.name for path in model.path.glob("*.safetensors")] == ["a.safetensors"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda at: (at / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"half"), "damaged"),
        (lambda at: shutil.rmtree(at / "scheduler"), "part 'scheduler' is missing"),
        (lambda at: (at / "model_index.json").write_text("["), "model_index.json"),
        (lambda at: (at / "model_index.json").write_text("[]"), "model_index.json"),
        (lambda at: (at / "text_encoder/model.safetensors").unlink(), r"pytorch_model\.bin.*any code"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(
    pipeline: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(pipeline)
    with pytest.raises(BadInput, match=said):
        ModelStore().import_folder(pipeline)
    assert ModelStore().installed() == []
    assert ModelStore().unfinished() == {}


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.ckpt", "weights.pt", "w.pth", "w.pkl"])
def test_pickles_are_refused_wherever_they_turn_up(tmp_path: Path, name: str) -> None:
    folder = write_files(tmp_path / "old", {name: b"x", "config.json": b"{}"})
    for ask in (ModelStore().import_folder, lambda path: ModelStore().resolve(str(path))):
        for path in (folder, folder / name):
            with pytest.raises(BadInput, match="any code"):
                ask(path)


def test_weights_in_pieces_are_checked_against_their_index(tmp_path: Path) -> None:
    pieces = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = {"weight_map": dict(zip("ab", pieces, strict=True))}
    folder = write_files(tmp_path / "pieces", {
        "config.json": b"{}", pieces[0]: weights(4, 0, "a"), pieces[1]: weights(4, 0, "b"),
        "model.safetensors.index.json": json.dumps(index).encode(),
    })  # fmt: skip
    assert len(list(ModelStore().import_folder(folder).path.glob("model-*"))) == 2
    ModelStore().remove("pieces")
    (folder / pieces[1]).unlink()
    with pytest.raises(BadInput, match=pieces[1]):
        ModelStore().import_folder(folder)


def test_an_import_is_stopped_and_leaves_nothing(pipeline: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    with pytest.raises(Cancelled):
        ModelStore().import_folder(pipeline, lambda *told: seen.append(told), lambda: len(seen) > 3)
    assert len(seen) == 4
    assert ModelStore().installed() == []
    assert ModelStore().unfinished() == {}
    ModelStore().import_folder(pipeline)


def test_an_import_that_does_not_fit_is_refused_beforehand(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(pipeline)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NotReady, match="MASKSTUDIO_MODELS"):
        ModelStore().import_folder(pipeline)


def test_one_name_is_given_once(pipeline: Path) -> None:
    first = ModelStore().import_folder(pipeline)
    with pytest.raises(BadInput, match="here already"):
        ModelStore().import_folder(pipeline)
    assert ModelStore().installed() == [first]
    assert ModelStore().remove("MY-PIPELINE") == first.bytes
    assert not first.path.exists()
    with pytest.raises(BadInput, match="no model 'my-pipeline'"):
        ModelStore().remove("my-pipeline")


def test_engines_ask_by_id_folder_or_file(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ModelStore()
    assert store.resolve(str(pipeline)) == pipeline
    monkeypatch.chdir(pipeline.parent)
    assert store.resolve("./my pipeline") == pipeline
    file = pipeline / "vae/diffusion_pytorch_model.safetensors"
    assert store.resolve(str(file)) == file
    with pytest.raises(NotReady, match=r"Get it with 'maskstudio models pull a/b', or import a folder"):
        store.resolve("a/b")
    for nonsense in ("", "  ", "nothing", str(pipeline / "README.md"), str(pipeline / "tokenizer"), "a/b/c"):
        with pytest.raises(BadInput):
            store.resolve(nonsense)


def test_a_folder_of_that_name_nearby_does_not_hide_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelStore().import_folder(write_files(tmp_path / "shapes", classifier()))
    monkeypatch.chdir(tmp_path)
    assert ModelStore().resolve("shapes") == model.path
    assert ModelStore().resolve("./shapes") == tmp_path / "shapes"


def test_what_another_program_fetched_is_used_when_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "models--painters--shapes"
    snapshot = write_files(place / "snapshots" / "abc", classifier())
    write_files(place / "refs", {"main": b"abc"})
    assert ModelStore().resolve("painters/shapes") == snapshot
    (snapshot / "model.safetensors").write_bytes(b"half")
    with pytest.raises(NotReady, match="not on this machine"):
        ModelStore().resolve("painters/shapes")


def test_a_record_that_cannot_be_read_is_no_model(pipeline: Path) -> None:
    model = ModelStore().import_folder(pipeline)
    for text in ("", "[]", '{"id": 1}', '{"files": 3}', "\ud800".encode("utf-8", "surrogatepass")):
        if isinstance(text, bytes):
            (model.path / RECORD).write_bytes(text)
        else:
            (model.path / RECORD).write_text(text)
        assert ModelStore().installed() == []
        with pytest.raises(BadInput):
            ModelStore().resolve(model.id)


def test_a_record_of_a_later_version_is_read(pipeline: Path) -> None:
    model = ModelStore().import_folder(pipeline)
    told = json.loads((model.path / RECORD).read_text())
    (model.path / RECORD).write_text(json.dumps({**told, "colour": "blue"}))
    assert ModelStore().installed() == [model]


def test_an_import_never_takes_the_place_of_a_hub_id(tmp_path: Path) -> None:
    model = ModelStore().import_folder(write_files(tmp_path / "painters--shapes", classifier()))
    assert model.id == "painters-shapes"
    assert ModelStore().find("painters/shapes") is None


def test_the_folder_may_be_elsewhere(pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKSTUDIO_MODELS", str(tmp_path / "big disk"))
    assert ModelStore().import_folder(pipeline).path == tmp_path / "big disk" / "my-pipeline"


def test_a_folder_that_cannot_be_written_is_told(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MASKSTUDIO_MODELS", str(tmp_path / "file" / "models"))
    assert ModelStore().installed() == []
    assert ModelStore().unfinished() == {}
    with pytest.raises(NotReady, match="cannot be used"):
        ModelStore().import_folder(pipeline)


names = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from([
            "model_index.json", "config.json", "model.safetensors", "model.fp16.safetensors",
            "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "unet/model.py",
            "pytorch_model.bin", "../x.json", "model-00001-of-00002.safetensors",
            "model.safetensors.index.json", "unet/../../x.safetensors",
        ]),
    ), max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    names,
    st.dictionaries(st.text(max_size=5), st.sampled_from([None, 3, [], [None], ["a", "b"]]), max_size=3),
)
def test_nothing_but_weights_and_text_is_ever_chosen(found: list[str], index: dict[str, object]) -> None:
    try:
        choice = choose(found, lambda name: {**index, "unet": ["diffusers", "U"]}, "any")
    except BadInput:
        return
    for source, target in choice.files.items():
        assert source in found
        assert not target.startswith("/")
        assert ".." not in target.split("/")
        assert target.endswith((".safetensors", ".json", ".txt", ".model", ".jinja", "README.md")) or (
            is_licence(target)
        )
    assert any(target.endswith(".safetensors") for target in choice.files.values())


def test_the_catalogue_is_sound() -> None:
    listed = suggestions()
    assert len({each.id for each in listed}) == len(listed)
    for each in listed:
        assert each.id.count("/") == 1
        assert each.bytes > 10**8
        assert each.licence
        assert each.use

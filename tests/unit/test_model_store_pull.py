"""Models come from a hub over HTTP: whole or not at all, through broken lines, and only when agreed to."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_hub import Fault, LocalHub, Repository, local_hub, pipeline_files, weights
from maskengines.errors import BadInput, Cancelled, NotReady
from maskengines.weights.store import ModelStore, fetching
from maskengines.weights.store.records import RECORD, Installed
from maskengines.weights.store.settings import ModelSettings

NAME = "painters/inpainting"
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalHub]:
    """A hub with one pipeline, and a home of the test's own."""
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("MASKSTUDIO_OFFLINE", "HF_HUB_OFFLINE", "MASKSTUDIO_MODELS", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetching, "WAITS", (0.01, 0.01))
    with local_hub() as listening:
        monkeypatch.setenv("HF_ENDPOINT", listening.address)
        listening.repositories[NAME] = Repository(pipeline_files())
        yield listening


def pull(**how: object) -> Installed:
    return ModelStore().pull(NAME, lambda offer: True, **how)  # type: ignore[arg-type]


def test_a_pipeline_arrives_without_pickles_and_code_in_the_smaller_precision(hub: LocalHub) -> None:
    model = pull()
    assert ModelStore().resolve(NAME) == model.path
    there = {path.relative_to(model.path).as_posix() for path in model.path.rglob("*") if path.is_file()}
    assert there == {
        "README.md", "LICENSE", "model_index.json", RECORD, "scheduler/scheduler_config.json",
        "tokenizer/vocab.json", "tokenizer/merges.txt", "text_encoder/config.json", "vae/config.json",
        "text_encoder/model.safetensors", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    }  # fmt: skip
    files = hub.repositories[NAME].files
    assert (model.path / "unet/diffusion_pytorch_model.safetensors").read_bytes() == files[UNET]
    assert not [path for path, _ in hub.asked if path.endswith((".bin", ".ckpt", ".py"))]
    assert (model.record.kind, model.record.licence) == ("pipeline", "creativeml-openrail-m")
    assert model.record.source == f"{hub.address}/{NAME}"
    assert model.bytes == sum((model.path / name).stat().st_size for name in there - {RECORD})
    assert ModelStore().unfinished() == {}


def test_full_precision_is_there_for_who_asks(hub: LocalHub) -> None:
    model = pull(precision="full")
    content = (model.path / "unet/diffusion_pytorch_model.safetensors").read_bytes()
    assert content == hub.repositories[NAME].files["unet/diffusion_pytorch_model.safetensors"]


def test_progress_counts_bytes_up_to_all_of_them(hub: LocalHub) -> None:
    seen: list[tuple[int, int, str]] = []
    model = pull(progress=lambda *told: seen.append(told))
    counts = [done for done, _, _ in seen]
    assert counts == sorted(counts)
    twice = 3 * len(b"{}")  # four files hold the same, which is fetched once
    assert {total for _, total, _ in seen} == {model.bytes - twice}
    assert counts[-1] == model.bytes - twice
    assert len({done for done, _, file in seen if file == UNET}) > 1


def test_a_line_that_breaks_goes_on_where_it_broke(hub: LocalHub) -> None:
    hub.faults[UNET] = Fault(cut=[60_000, 50_000])
    model = pull()
    assert hub.fetched(UNET) == ["", "bytes=60000-", "bytes=110000-"]
    content = (model.path / "unet/diffusion_pytorch_model.safetensors").read_bytes()
    assert content == hub.repositories[NAME].files[UNET]


def test_a_line_that_stays_broken_is_told_and_the_next_pull_goes_on(hub: LocalHub) -> None:
    hub.faults[UNET] = Fault(cut=[70_000, 0, 0, 0])
    with pytest.raises(NotReady, match="goes on from there"):
        pull()
    assert ModelStore().installed() == []
    with pytest.raises(NotReady, match="not on this machine"):
        ModelStore().resolve(NAME)
    assert ModelStore().unfinished()[NAME] > 70_000
    hub.asked.clear()
    hub.faults.clear()
    pull()
    assert hub.fetched(UNET) == ["bytes=70000-"]
    assert hub.fetched("vae/diffusion_pytorch_model.safetensors") == []


def test_a_server_that_cannot_go_on_sends_all_of_it_again(hub: LocalHub) -> None:
    hub.faults[UNET] = Fault(cut=[60_000])
    hub.ignores_range = True
    model = pull()
    content = (model.path / "unet/diffusion_pytorch_model.safetensors").read_bytes()
    assert content == hub.repositories[NAME].files[UNET]


def test_trouble_of_the_server_passes(hub: LocalHub) -> None:
    hub.faults[UNET] = Fault(status=[503, 503])
    pull()
    assert len(hub.fetched(UNET)) == 3


def test_a_wrong_checksum_is_thrown_away_and_never_installed(hub: LocalHub) -> None:
    right = hub.repositories[NAME].files[UNET]
    hub.swapped[UNET] = right[:-1] + bytes([right[-1] ^ 1])
    with pytest.raises(NotReady, match="checksum"):
        pull()
    assert ModelStore().installed() == []
    assert not list(ModelStore().folder.rglob(f"{hashlib.sha256(right).hexdigest()}*"))
    hub.swapped.clear()
    model = pull()
    assert (model.path / "unet/diffusion_pytorch_model.safetensors").read_bytes() == right


def test_small_text_files_are_checked_too(hub: LocalHub) -> None:
    hub.swapped["tokenizer/vocab.json"] = b'{"a": 1}'
    with pytest.raises(NotReady, match=r"vocab\.json.*checksum"):
        pull()


def test_a_file_longer_than_promised_is_damaged(hub: LocalHub) -> None:
    hub.swapped[UNET] = hub.repositories[NAME].files[UNET] + b"more"
    with pytest.raises(NotReady, match="checksum"):
        pull()


def test_an_unknown_model_is_bad_input(hub: LocalHub) -> None:
    with pytest.raises(BadInput, match="knows no model 'no/body'"):
        ModelStore().pull("no/body", lambda offer: True)
    with pytest.raises(BadInput, match="owner/name"):
        ModelStore().pull("../../etc", lambda offer: True)


def test_a_gated_model_says_how_to_get_in(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repositories[NAME].gated = True
    with pytest.raises(NotReady, match="gated") as refused:
        pull()
    assert "hf auth login" in refused.value.message
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    assert pull().id == NAME


def test_a_hub_that_is_away_is_not_ready(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NotReady, match="cannot be reached"):
        pull()


def test_a_full_disk_is_known_before_anything_is_fetched(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(Path(__file__).parent)._replace(free=70 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    hub.repositories[NAME] = Repository(pipeline_files(2_000_000))
    with pytest.raises(NotReady, match=r"8\.0 MB.*MASKSTUDIO_MODELS"):
        pull()
    assert hub.fetched(UNET) == []


def test_a_disk_that_fills_up_meanwhile_is_told(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise fetching.unwritable(ModelStore().folder, OSError(28, "No space left on device"))

    monkeypatch.setattr(fetching, "_write", full)
    with pytest.raises(NotReady, match="disk is full"):
        pull()
    assert ModelStore().installed() == []


def test_cancel_is_heeded_at_once_while_the_server_is_silent(hub: LocalHub) -> None:
    hub.silent.set()
    stop = threading.Event()
    asked = time.monotonic()

    def progress(done: int, total: int, file: str) -> None:
        nonlocal asked
        if file == UNET and not stop.is_set():
            asked = time.monotonic()
            threading.Timer(0.2, stop.set).start()

    with pytest.raises(Cancelled):
        pull(progress=progress, stopped=stop.is_set)
    assert time.monotonic() - asked < 5
    assert ModelStore().installed() == []
    assert ModelStore().unfinished()
    hub.silent.clear()
    assert pull().missing == ()


def test_a_licence_is_shown_once_and_never_fetched_past(hub: LocalHub) -> None:
    shown = []

    def refuse(offer: object) -> bool:
        shown.append(offer)
        return False

    with pytest.raises(NotReady, match="licence"):
        ModelStore().pull(NAME, refuse)
    assert "may not cheat" in shown[0].licence.text
    assert hub.fetched(UNET) == []
    pull()
    assert list(ModelSettings.load().accepted.values()) == [f"{NAME}: creativeml-openrail-m"]
    ModelStore().remove(NAME)
    ModelStore().pull(NAME, refuse)
    assert len(shown) == 1
    hub.repositories[NAME].files["LICENSE"] = b"You may do less now.\n"
    hub.repositories[NAME].commit = "f" * 40
    with pytest.raises(NotReady, match="licence"):
        ModelStore().pull(NAME, refuse)


def test_what_is_here_already_is_not_fetched_again(hub: LocalHub) -> None:
    first = pull()
    hub.asked.clear()
    assert pull() == first
    assert hub.fetched(UNET) == []


def test_a_damaged_model_is_mended_by_a_pull(hub: LocalHub) -> None:
    model = pull()
    (model.path / "vae/diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(NotReady, match="no longer whole"):
        ModelStore().resolve(NAME)
    assert pull().missing == ()


def test_a_new_state_on_the_hub_takes_the_place_of_the_old(hub: LocalHub) -> None:
    hub.repositories["painters/lora"] = Repository({"style.safetensors": weights(8, 1, "unet.lora_A.weight")})
    first = ModelStore().pull("painters/lora", lambda offer: True)
    assert first.record.kind == "lora"
    newer = weights(8, 2, "unet.lora_A.weight")
    hub.repositories["painters/lora"] = Repository({"style.safetensors": newer}, commit="e" * 40)
    second = ModelStore().pull("painters/lora", lambda offer: True)
    assert second.record.revision == "e" * 40
    assert (second.path / "style.safetensors").read_bytes() == newer
    assert [model.id for model in ModelStore().installed()] == ["painters/lora"]


def test_weights_in_pieces_come_with_the_index_that_names_them(hub: LocalHub) -> None:
    pieces = [f"model.fp16-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = {"weight_map": {"a": pieces[0], "b": pieces[1]}}
    hub.repositories[NAME] = Repository({
        "config.json": json.dumps({"architectures": ["ViTForImageClassification"]}).encode(),
        "model.safetensors.index.fp16.json": json.dumps(index).encode(),
        pieces[0]: weights(8, 1, "a"), pieces[1]: weights(8, 2, "b"),
        "pytorch_model.bin": b"pickle",
    })  # fmt: skip
    model = pull()
    assert model.record.kind == "classifier"
    told = json.loads((model.path / "model.safetensors.index.json").read_text())
    assert all((model.path / name).is_file() for name in told["weight_map"].values())


def test_a_model_with_pickles_only_is_refused_by_name(hub: LocalHub) -> None:
    files = pipeline_files()
    del files["vae/diffusion_pytorch_model.safetensors"]
    hub.repositories[NAME] = Repository({**files, "vae/diffusion_pytorch_model.bin": b"pickle"})
    with pytest.raises(BadInput, match=r"vae/diffusion_pytorch_model\.bin.*any code"):
        pull()
    assert not [path for path, _ in hub.asked if path.endswith(".bin")]


def test_a_name_that_climbs_out_of_the_folder_is_left_alone(hub: LocalHub, tmp_path: Path) -> None:
    hub.repositories[NAME].files["../../../evil.json"] = b"{}"
    hub.repositories[NAME].files["unet/../../evil.json"] = b"{}"
    pull()
    assert not list(tmp_path.rglob("evil.json"))


def test_two_pulls_of_one_model_do_not_meet(hub: LocalHub) -> None:
    hub.silent.set()
    stop = threading.Event()
    failures: list[Exception] = []

    def first() -> None:
        try:
            pull(stopped=stop.is_set)
        except Exception as error:
            failures.append(error)

    running = threading.Thread(target=first)
    running.start()
    while not hub.fetched(UNET):
        time.sleep(0.01)
    with pytest.raises(NotReady, match="Wait for it"):
        pull()
    with pytest.raises(NotReady, match="Wait for it"):
        ModelStore().remove(NAME)
    stop.set()
    running.join(10)
    assert isinstance(failures[0], Cancelled)

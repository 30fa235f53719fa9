"""A hub on this machine: the part of its API that a pull uses, over HTTP, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from safetensors.numpy import save

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def weights(count: int = 16, seed: int = 0, name: str = "layer.weight") -> bytes:
    """A safetensors file with ``count`` floats."""
    return save({name: np.random.default_rng(seed).normal(size=count).astype(np.float32)})


def pipeline_files(floats: int = 50_000) -> dict[str, bytes]:
    """An inpainting pipeline as repositories hold them: pickles, two precisions, other libraries' files."""
    parts = {
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "safety_checker": [None, None],
    }
    index = {"_class_name": "StableDiffusionInpaintPipeline", "_diffusers_version": "0.30.0", **parts}
    return {
        "README.md": b"---\nlicense: creativeml-openrail-m\n---\nA model.\n",
        "LICENSE": b"You may paint, and you may not cheat.\n",
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "model_index.json": json.dumps(index).encode(),
        "scheduler/scheduler_config.json": b"{}",
        "tokenizer/vocab.json": b'{"a": 0}',
        "tokenizer/merges.txt": b"#version\n",
        "text_encoder/config.json": b"{}",
        "text_encoder/model.safetensors": weights(64, 1),
        "text_encoder/pytorch_model.bin": b"pickle",
        "unet/config.json": b"{}",
        "unet/diffusion_pytorch_model.safetensors": weights(2 * floats, 2),
        "unet/diffusion_pytorch_model.fp16.safetensors": weights(floats, 3),
        "unet/diffusion_pytorch_model.bin": b"pickle",
        "unet/modeling.py": b"raise SystemExit",
        "vae/config.json": b"{}",
        "vae/diffusion_pytorch_model.safetensors": weights(64, 4),
        "old-checkpoint.ckpt": b"pickle",
    }


@dataclass
class Repository:
    """What the hub says of one model."""

    files: dict[str, bytes]
    card: Mapping[str, object] = field(default_factory=lambda: {"license": "creativeml-openrail-m"})
    gated: bool = False
    commit: str = COMMIT


@dataclass
class Fault:
    """What goes wrong with a file: each is used up by one answer.

    Attributes:
        cut: bytes after which the connection is closed.
        status: an answer instead of the file.
    """

    cut: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)


class LocalHub:
    """Repositories by ``owner/name``.

    Attributes:
        asked: every request: its path, and its Range.
        silent: while set, files stop after their first bytes and wait for it to be cleared.
        swapped: content sent instead of what is promised, by file name.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.repositories: dict[str, Repository] = {}
        self.asked: list[tuple[str, str]] = []
        self.faults: dict[str, Fault] = {}
        self.swapped: dict[str, bytes] = {}
        self.ignores_range = False
        self.silent = threading.Event()

    def fetched(self, name: str) -> list[str]:
        """The Range of each request for the content of a file, in order."""
        return [
            ranged for path, ranged in self.asked if path.startswith("/cdn/") and path.endswith(f"/{name}")
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet, else each answer waits for an acknowledgement
    hub: LocalHub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append((path, self.headers.get("Range", "")))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]))
        elif len(parts) > 4 and parts[2] == "resolve":
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        elif parts[0] == "cdn":
            self._content("/".join(parts[1:3]), "/".join(parts[3:]))
        else:
            self._refuse(404, "")

    def _describe(self, name: str) -> None:
        found = self.hub.repositories.get(name)
        if found is None:
            self._refuse(401, "RepoNotFound")  # as the hub does, which does not tell what is private
            return
        siblings = []
        for file, content in found.files.items():
            entry: dict[str, object] = {"rfilename": file, "size": len(content), "blobId": _git_id(content)}
            if _is_large(file):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"size": len(content), "sha256": digest, "pointerSize": 134}
            siblings.append(entry)
        told = {
            "_id": "1", "id": name, "modelId": name, "sha": found.commit, "siblings": siblings, "tags": [],
            "gated": "auto" if found.gated else False, "cardData": found.card, "private": False,
        }  # fmt: skip
        self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _resolve(self, name: str, commit: str, file: str) -> None:
        found = self.hub.repositories.get(name)
        if found is None or commit != found.commit or file not in found.files:
            self._refuse(404, "EntryNotFound")
        elif found.gated and not self.headers.get("Authorization"):
            self._refuse(401, "GatedRepo")
        else:
            where = f"{self.hub.address}/cdn/{name}/{file}"
            self._send(302, b"", {"Location": where, "X-Repo-Commit": commit})

    def _content(self, name: str, file: str) -> None:
        content = self.hub.swapped.get(file, self.hub.repositories[name].files[file])
        fault = self.hub.faults.get(file, Fault())
        if fault.status:
            self._refuse(fault.status.pop(0), "")
            return
        start, status, headers = 0, 200, {"Content-Type": "application/octet-stream"}
        ranged = self.headers.get("Range")
        if ranged and not self.hub.ignores_range:
            start, status = int(ranged.removeprefix("bytes=").partition("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if fault.cut:
            self._send(status, body[: fault.cut.pop(0)], headers, length=len(body))
            self.close_connection = True
        elif self.hub.silent.is_set() and len(body) > 4096:
            self._send(status, body[:2048], headers, length=len(body))
            while self.hub.silent.is_set():
                threading.Event().wait(0.02)
            self.close_connection = True
        else:
            self._send(status, body, headers)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code} if code else {})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], length: int | None = None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """The test's output is not the server's."""


def _is_large(name: str) -> bool:
    return name.endswith((".safetensors", ".bin", ".ckpt"))


def _git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """A hub that listens while the block runs."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub = Handler.hub = LocalHub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.silent.clear()
        server.shutdown()
        server.server_close()
        thread.join()


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files of a repository as a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder

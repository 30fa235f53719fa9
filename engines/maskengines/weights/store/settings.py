"""What the user decided about models: the offline switch and the licences accepted, in ``models.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from maskengines.files import atomic_write
from maskengines.places import config_folder


@dataclass(frozen=True)
class ModelSettings:
    """Every process reads the file anew, so a switch in the window holds for its workers at once.

    Attributes:
        offline: never touch the network.
        accepted: fingerprints of licences, and the model that each was first accepted for.
    """

    offline: bool = False
    accepted: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def path() -> Path:
        """The file they live in."""
        return config_folder() / "models.json"

    @classmethod
    def load(cls) -> ModelSettings:
        """What the file holds; a damaged one means that nothing was accepted and, as nobody can tell what
        was wanted, that the network is not touched."""
        try:
            text = cls.path().read_text(encoding="utf-8")
        except OSError:
            return cls()
        try:
            told = json.loads(text)
            accepted = {str(key): str(value) for key, value in told.get("accepted", {}).items()}
            return cls(bool(told.get("offline", False)), accepted)
        except (ValueError, AttributeError):
            return cls(offline=True)

    def save(self) -> None:
        """Raises:
        BadInput: the settings folder cannot be written.
        """
        with atomic_write(self.path()) as file:
            file.write(json.dumps(asdict(self), indent=1, sort_keys=True).encode())


def set_offline(offline: bool) -> None:
    """Turn the switch; raises as `ModelSettings.save`."""
    replace(ModelSettings.load(), offline=offline).save()

"""The models on this machine, and how they come here: the one place that engines ask for a network."""

from maskengines.weights.store.records import Installed, Record
from maskengines.weights.store.store import ModelStore

__all__ = ["Installed", "ModelStore", "Record"]

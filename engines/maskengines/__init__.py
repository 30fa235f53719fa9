"""MaskStudio engines: subjects, masks, the contract and the engines. No Qt below here."""

__version__ = "0.1.0"

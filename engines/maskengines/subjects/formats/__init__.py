"""One module per file format, each with ``inspect`` (header, integrity), ``decode`` and ``encode``."""

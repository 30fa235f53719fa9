"""Qt face of the runtime: signals in, signals out."""

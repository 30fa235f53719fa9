"""Engines that fill masked pixels."""

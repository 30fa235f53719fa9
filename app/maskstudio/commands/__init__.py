"""One registry of commands feeds menus, keys, toolbar, palette and docs."""

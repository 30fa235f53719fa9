"""Poses: many 3D bodies for one set of uncertain 2D joints, and a person says which are uncertain."""

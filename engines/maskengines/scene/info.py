"""What the studio knows of the scene engines before they run.

Imported by the window and by the command line, so nothing here loads torch or numba.
"""

from __future__ import annotations

from maskengines.scene.render_info import RENDER_SCENE

ENGINES = (RENDER_SCENE,)

"""The one place for colors, line styles and fonts of all pictures.

Text and plain lines follow JupyterLab's theme through its CSS variables, with the system's colors as fallbacks.
The accents are fixed: each has a contrast of at least 3 to 1 against white and against JupyterLab's dark #111, and
none stands alone: line style, weight or a label says the same.
"""

from __future__ import annotations

INK = "var(--jp-content-font-color0, CanvasText)"
PAPER = "var(--jp-layout-color0, Canvas)"
FONT = "var(--jp-content-font-family, system-ui, sans-serif)"
MONO = "var(--jp-code-font-family, monospace)"

ACCENTS = {
    "client": "#2a7fd4",  # the client's usual path, bold
    "server": "#c4620f",  # the server's usual path, a double line
    "current": "#b0477f",  # the current state, filled, and the arc just taken
    "open": "#1b8a6b",  # a connection that is established
    "quiet": "#808080",  # what stands back: arcs by reset, abort and timeout
}
CLIENT, SERVER, CURRENT, OPEN, QUIET = ACCENTS.values()

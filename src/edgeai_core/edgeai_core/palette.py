"""The colours of what is drawn, told apart by people who do not see red and green alike.

After Okabe and Ito, "Color Universal Design", 2008. Blue, green, red, 0..255, as OpenCV draws.
"""

from __future__ import annotations

Bgr = tuple[int, int, int]

GREEN: Bgr = (115, 158, 0)
ORANGE: Bgr = (0, 159, 230)
YELLOW: Bgr = (66, 228, 240)
BLUE: Bgr = (178, 114, 0)
SKY: Bgr = (233, 180, 86)
VERMILLION: Bgr = (0, 94, 213)
PURPLE: Bgr = (167, 121, 204)

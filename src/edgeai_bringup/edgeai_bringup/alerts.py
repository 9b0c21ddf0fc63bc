"""`edgeai alerts`: what was stored."""

from __future__ import annotations

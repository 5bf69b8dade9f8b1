"""Fujitsu's red-team benchmark: `texts` reads B1 and B3, `tool_flips` B4, and `kinds` tells them apart: the source."""

from switchgear.data.reading.texts import Origin

ORIGIN = Origin("fujitsu", "CC-BY-4.0 (claimed)", benchmark="fujitsu")

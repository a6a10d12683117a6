"""Sizes of windows, in pixels."""

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

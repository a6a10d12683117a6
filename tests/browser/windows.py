"""Sizes of windows, in pixels, and when a page is drawn."""

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
LARGE_PHONE = {"width": 390, "height": 844}

# Nothing is left to be drawn, but for the next frame of the animation where it plays.
SETTLED = """(({ needs, waiting, frame, isPlaying }) =>
    !needs.has("size") && !needs.has("layer") && !waiting.size && (frame === null || isPlaying)
)(jtconvExplorer.page)"""

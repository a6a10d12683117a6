"""One file per framework: its words read and written, its kernel layout, its signatures; shared syntax beside.

The registry lists the frameworks. All is integers and strings: no framework is imported. May import `_geometry`.
"""

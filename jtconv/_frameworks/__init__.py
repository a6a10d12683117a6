"""One file per framework: its words read and written, its kernel layout, its signatures; shared syntax beside.

`registry.py` lists the frameworks. All in integers and strings: no framework is imported, and of this
package `_geometry` alone.
"""

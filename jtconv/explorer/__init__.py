"""The explorer: one page, with nothing to load, that shows a layer in both directions.

Its scripts compute with this package's own functions, translated when the page is made. May import `_frameworks`,
`_geometry` and `_version`.
"""

from jtconv.explorer._fields import LARGEST as LARGEST
from jtconv.explorer._layer import ExploredLayer as ExploredLayer
from jtconv.explorer._page import page as page

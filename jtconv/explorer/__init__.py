"""The explorer: one page, with nothing to load, that shows a layer in both directions."""

from jtconv.explorer._fields import LARGEST as LARGEST
from jtconv.explorer._layer import ExploredLayer as ExploredLayer
from jtconv.explorer._page import page as page

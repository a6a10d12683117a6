"""The explorer: one page, with nothing to load, that shows a layer in both directions."""

from jtconv.explorer._link import LARGEST as LARGEST
from jtconv.explorer._link import ExploredLayer as ExploredLayer
from jtconv.explorer._page import page as page

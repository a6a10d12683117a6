"""Reading a layer from the source text of a framework's call, without running it."""

from jtconv._calls._read import FRAMEWORKS as FRAMEWORKS
from jtconv._calls._read import ReadCall as ReadCall
from jtconv._calls._read import read_call as read_call

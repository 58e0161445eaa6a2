"""Scripted loopback servers that speak OpenAI's three chat APIs, for tests of faults and exact wire
shapes.
"""

from .faults import Fault, FileGate, Gate
from .parts import Recorded
from .process import WireProcess
from .server import WireServer
from .world import AGENTIC_API, MYLA, OGX, Wild

__all__ = [
    "AGENTIC_API",
    "MYLA",
    "OGX",
    "Fault",
    "FileGate",
    "Gate",
    "Recorded",
    "Wild",
    "WireProcess",
    "WireServer",
]

"""What holds for all tests."""

from __future__ import annotations

import signal

# A shell starts what it puts into the background with SIGINT ignored, and that is inherited through every exec: no test of
# Ctrl-C could pass in such a run. With a handler set here, what the tests start gets the default again.
signal.signal(signal.SIGINT, signal.default_int_handler)

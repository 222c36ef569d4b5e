"""TCP itself: segments, flags, options, states and rules; standard library only, no I/O, no clock."""

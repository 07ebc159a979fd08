"""Golden cases of the collectors: what real hosts printed, and what the parsers make of it."""

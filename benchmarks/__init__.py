"""Every speed figure of the book, as a ratio against a named peer in the same run."""

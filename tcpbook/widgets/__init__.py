"""Interactive views: one widget a file, its .js and .css beside it."""

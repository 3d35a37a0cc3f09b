"""Pages of dispatch: the pool, decisions in it, type-ahead, the catalogue."""

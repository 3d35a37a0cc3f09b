"""Django's own PostgreSQL backend with a cheaper look at the pool's connections; the engine in the settings."""

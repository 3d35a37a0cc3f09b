"""Pages of sign-in, profile, sessions, units, people and permissions."""

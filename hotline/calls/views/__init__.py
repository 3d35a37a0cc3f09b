"""Pages of the telephone: my telephone, the wall."""

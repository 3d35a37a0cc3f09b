"""Speech: what is said on the telephone, written down, and what is written, said. A pure library; see README.md."""

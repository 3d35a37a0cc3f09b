"""Catalogues without gettext's binaries: `extraction` finds ids, `catalogues` reads, checks and compiles."""

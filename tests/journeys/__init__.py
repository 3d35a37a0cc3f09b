"""Citizens' and colleagues' ways through the real product in a real browser; nothing is doubled."""

"""Pages of intake: the agent's desk, quarantine, imports, restrictions, category questions."""

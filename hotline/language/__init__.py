"""Chinese text of citizens, read without Django: normalising, words, personal data, places, urgency, drafts. See README.md."""

"""Pages of suggestions: risks that wait, the vocabulary of labels, how good the machine is."""

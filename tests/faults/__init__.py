"""What is true after processes were killed."""

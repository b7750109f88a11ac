"""What the documentation tells people to type is typed here, and what it shows is checked."""

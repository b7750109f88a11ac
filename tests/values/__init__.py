"""Values of people and programs."""

"""Values of people and programs: how they are read, checked and shown."""

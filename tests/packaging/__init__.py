"""The built wheel, installed into a fresh environment as a user would."""
